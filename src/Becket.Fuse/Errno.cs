namespace Becket.Fuse;

/// <summary>The values of errno that are sent to the kernel or told apart when they come from it.</summary>
internal enum Errno
{
    None = 0,
    NotPermitted = 1,
    NoEntry = 2,
    Interrupted = 4,
    Io = 5,
    NoSuchDeviceOrAddress = 6,
    TryAgain = 11,
    AccessDenied = 13,
    Busy = 16,
    NoDevice = 19,
    NotADirectory = 20,
    IsADirectory = 21,
    Invalid = 22,
    NotATerminal = 25,
    NoSpace = 28,
    ReadOnlyFileSystem = 30,
    NotImplemented = 38,
    Protocol = 71,
    NotSupported = 95,
    ConnectionAborted = 103,
    NotConnected = 107,
}
