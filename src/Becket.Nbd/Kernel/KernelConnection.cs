using Becket.Nbd.Kernel.Netlink;

namespace Becket.Nbd.Kernel;

/// <summary>A line to the kernel's nbd driver on which it has been reached. Turns its refusals into sentences.</summary>
internal sealed class KernelConnection : IDisposable
{
    private readonly GenericNetlinkSocket _socket;
    private readonly ushort _family;

    private KernelConnection(GenericNetlinkSocket socket, ushort family) => (_socket, _family) = (socket, family);

    /// <summary>Loads the driver's module where it is missing.</summary>
    public static KernelConnection Open()
    {
        GenericNetlinkSocket? socket = null;
        try
        {
            socket = GenericNetlinkSocket.Open();
            return new KernelConnection(socket, KernelDriver.FindFamily(socket));
        }
        catch (NetlinkException e)
        {
            socket?.Dispose();
            throw new KernelDeviceException(
                $"the kernel's nbd driver cannot be reached over netlink ({e.Message}); try outside of this container, or --via fuse", e);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    /// <summary>Has the kernel do something; <paramref name="purpose"/> goes on from "cannot".</summary>
    public byte[] Request(KernelCommand command, AttributeWriter attributes, string purpose)
    {
        try
        {
            return _socket.Request(_family, (byte)command, attributes);
        }
        catch (NetlinkException e)
        {
            throw new KernelDeviceException($"cannot {purpose}: {Explain(e, command)}", e);
        }
    }

    public void Dispose() => _socket.Dispose();

    private static string Explain(NetlinkException refusal, KernelCommand command) => (refusal.Errno, command) switch
    {
        (Errors.NotPermitted or Errors.AccessDenied, _) =>
            "the kernel lets only root do that (CAP_SYS_ADMIN, outside of user namespaces); run this with sudo",
        (Errors.Busy, _) => "the device is in use already; detach it first",
        (Errors.NoEntry or Errors.NoDevice, _) => "the kernel has no such device",
        (Errors.NoSpace or Errors.Exists, KernelCommand.Connect) => "every nbd device that the kernel may make is in use; detach one",
        (Errors.Invalid, KernelCommand.Reconfigure) => "it is not connected any more, or holds something else; attach it anew",
        (Errors.Invalid, KernelCommand.Disconnect) => "the kernel has no such device",
        _ => $"the kernel says: {refusal.Message}",
    };
}
