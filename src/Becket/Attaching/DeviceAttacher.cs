using Becket.Daemon;
using Becket.Nbd.Kernel;
using Becket.Sources;
using Microsoft.Extensions.Logging;

namespace Becket.Attaching;

/// <summary>Puts a served device into the kernel by the way that works here, or takes over one that a dead process left there.</summary>
internal static class DeviceAttacher
{
    /// <param name="request">Says the way, or leaves it open.</param>
    /// <param name="served">Stays the caller's.</param>
    /// <param name="folder">Its number names the device, for whoever takes over.</param>
    /// <param name="before">The state of the process that served it before; null for a new one.</param>
    /// <param name="loggers">Where problems go.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="CommandException">It cannot be attached here.</exception>
    public static async Task<IAttachedDevice> AttachAsync(
        AttachmentRequest request,
        ServedDevice served,
        StateFolder folder,
        AttachmentState? before,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        if (before is not null)
            return await NbdAttachment.TakeOverAsync(request, served, folder, before.Device, loggers, cancellationToken);
        return Choose(request) == AttachmentMethod.Nbd
            ? await NbdAttachment.AttachAsync(request, served, folder, loggers, cancellationToken)
            : await FuseAttachment.AttachAsync(request, served, folder, loggers);
    }

    private static AttachmentMethod Choose(AttachmentRequest request)
    {
        if (request.Method != AttachmentMethod.Fuse && !Environment.IsPrivilegedProcess)
        {
            throw new CommandException(
                "a block device of the kernel needs root; run it with sudo, "
                + $"or 'becket mount --via fuse {request.Source} FOLDER' gives you the image as a file in FOLDER");
        }
        return request.Method ?? (KernelDriver.IsAvailable ? AttachmentMethod.Nbd : AttachmentMethod.Fuse);
    }
}
