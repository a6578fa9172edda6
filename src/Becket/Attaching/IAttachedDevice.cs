using Becket.Nbd;

namespace Becket.Attaching;

/// <summary>
/// A served device in the kernel's hands. Disposing it stops serving; what <see cref="DetachAsync"/> has not taken back stays
/// in the kernel, for a process that takes over.
/// </summary>
internal interface IAttachedDevice : IAsyncDisposable
{
    AttachmentMethod Method { get; }

    /// <summary>The server that the kernel is a client of; null where NBD is not spoken.</summary>
    NbdServer? Server { get; }

    /// <summary>The block device, or the image's file where there is none.</summary>
    string Path { get; }

    /// <summary>The block device; null where the image is only a file.</summary>
    BlockNode? Node { get; }

    /// <summary>Completes when somebody else has taken the device away.</summary>
    Task Ended { get; }

    /// <summary>Takes the device out of the kernel. The caller has made sure that nobody uses it.</summary>
    Task DetachAsync();
}
