namespace Becket.Attaching;

/// <summary>Waiting for udev, where there is one: until then it may hold a new device open, or its links are not there.</summary>
internal static class DeviceEvents
{
    private const string ControlSocket = "/run/udev/control";

    public static async Task SettleAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(ControlSocket))
            await SystemCommand.RunAsync("udevadm", ["settle", "--timeout=10"], cancellationToken);
    }
}
