namespace Becket.Blocks;

/// <summary>What went wrong with a request, in the terms of a disk. The edge (NBD) turns it into an errno.</summary>
public enum BlockError
{
    /// <summary>The bytes could not be read or written (EIO).</summary>
    Io,

    /// <summary>The device cannot be changed (EPERM).</summary>
    ReadOnly,

    /// <summary>The request makes no sense for this device (EINVAL).</summary>
    Invalid,

    /// <summary>No room (ENOSPC).</summary>
    NoSpace,

    /// <summary>The device cannot do this, or not fast (ENOTSUP).</summary>
    NotSupported,
}

/// <summary>
/// A request to a device failed. The message is for people and names the object, the range and what to do;
/// <see cref="Error"/> is for the edge.
/// </summary>
public sealed class BlockDeviceException(BlockError error, string message, Exception? inner = null) : IOException(message, inner)
{
    public BlockError Error { get; } = error;

    /// <summary>Whether the same request may succeed later without anybody's help.</summary>
    public bool IsTransient { get; init; }
}
