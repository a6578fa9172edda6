namespace Becket.Nbd.Protocol;

/// <summary>The only error numbers that go on the wire; the values are Linux's (proto.md, "Error values").</summary>
internal enum NbdError : uint
{
    None = 0,

    /// <summary>EPERM: the export is read-only.</summary>
    NotPermitted = 1,

    /// <summary>EIO</summary>
    Io = 5,

    /// <summary>ENOMEM: never sent; clients know it.</summary>
    NoMemory = 12,

    /// <summary>EINVAL</summary>
    Invalid = 22,

    /// <summary>ENOSPC</summary>
    NoSpace = 28,

    /// <summary>EOVERFLOW: too long for one chunk.</summary>
    Overflow = 75,

    /// <summary>ENOTSUP</summary>
    NotSupported = 95,

    /// <summary>ESHUTDOWN: the server is stopping.</summary>
    Shutdown = 108,
}
