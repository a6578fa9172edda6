namespace Becket.Nbd.Protocol;

/// <summary>What a client can ask for in transmission (proto.md, "Request types").</summary>
internal enum Command : ushort
{
    Read = 0,
    Write = 1,
    Disconnect = 2,
    Flush = 3,
    Trim = 4,
    Cache = 5,
    WriteZeroes = 6,
    BlockStatus = 7,
}

/// <summary>How a command is to be carried out (proto.md, "Command flags").</summary>
[Flags]
internal enum CommandFlags : ushort
{
    None = 0,

    /// <summary>Reply only when the change is on stable storage.</summary>
    Fua = 1 << 0,

    /// <summary>WRITE_ZEROES must not give the space back.</summary>
    NoHole = 1 << 1,

    /// <summary>A READ is answered with one content chunk.</summary>
    Df = 1 << 2,

    /// <summary>BLOCK_STATUS wants one descriptor.</summary>
    ReqOne = 1 << 3,

    /// <summary>WRITE_ZEROES fails with ENOTSUP rather than be as slow as a write.</summary>
    FastZero = 1 << 4,
}
