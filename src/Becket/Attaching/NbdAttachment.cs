using System.Globalization;
using Becket.Daemon;
using Becket.Nbd;
using Becket.Nbd.Kernel;
using Becket.Serving;
using Becket.Sources;
using Microsoft.Extensions.Logging;

namespace Becket.Attaching;

/// <summary>A device of the kernel's nbd driver.</summary>
internal sealed class NbdAttachment : IAttachedDevice
{
    private readonly NbdServer _server;
    private readonly KernelDevice _device;

    private NbdAttachment(NbdServer server, KernelDevice device) => (_server, _device) = (server, device);

    public AttachmentMethod Method => AttachmentMethod.Nbd;

    public NbdServer Server => _server;

    public string Path => _device.Path;

    public BlockNode Node => field ??= new BlockNode(Path);

    public Task Ended => _device.Ended;

    public static Task<NbdAttachment> AttachAsync(
        AttachmentRequest request, ServedDevice served, StateFolder folder, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        StartAsync(loggers, server => KernelDevice.ConnectAsync(
            server, request.Source.ToString(), served.Device, Options(request, folder), cancellationToken));

    /// <summary>Gives the device new connections; requests that wait in the kernel are sent again over them.</summary>
    public static Task<NbdAttachment> TakeOverAsync(
        AttachmentRequest request,
        ServedDevice served,
        StateFolder folder,
        string device,
        ILoggerFactory loggers,
        CancellationToken cancellationToken) =>
        StartAsync(loggers, server => KernelDevice.ReviveAsync(
            server, request.Source.ToString(), served.Device, IndexOf(device), Options(request, folder), cancellationToken));

    public Task DetachAsync() => _device.DisconnectAsync(CancellationToken.None).AsTask();

    public async ValueTask DisposeAsync()
    {
        await _device.DisposeAsync();
        await _server.DisposeAsync();
    }

    /// <summary>Whose a device is, for the kernel to check when somebody takes over.</summary>
    public static string BackendIdentifier(StateFolder folder) => $"becket {folder.Path}";

    public static int IndexOf(string device) => int.Parse(device.AsSpan("/dev/nbd".Length), CultureInfo.InvariantCulture);

    private static KernelDeviceOptions Options(AttachmentRequest request, StateFolder folder) => new()
    {
        DeadConnectionTimeout = request.IoTimeout,
        BackendIdentifier = BackendIdentifier(folder),
    };

    private static async Task<NbdAttachment> StartAsync(ILoggerFactory loggers, Func<NbdServer, ValueTask<KernelDevice>> start)
    {
        // No catalog: the kernel's connections begin where others are after their handshake.
        var server = new NbdServer(EmptyCatalog.Instance, new NbdServerOptions(), loggers);
        try
        {
            return new NbdAttachment(server, await start(server));
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }
}
