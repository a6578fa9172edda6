using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_init_in: the kernel's version and what it can do.</summary>
/// <remarks>
/// <code>
///  0  4  major version, 7
///  4  4  minor version
///  8  4  readahead in bytes that the kernel would do
/// 12  4  flags
/// 16  4  flags, upper half, where INIT_EXT is set (7.36)
/// 20 44  -
/// </code>
/// Kernels before 7.36 end it at byte 16.
/// </remarks>
internal readonly record struct InitRequest(uint Major, uint Minor, uint ReadAhead, InitFlags Flags)
{
    private const int OldSize = 16;

    public static bool TryRead(ReadOnlySpan<byte> source, out InitRequest request)
    {
        request = default;
        if (source.Length < OldSize)
            return false;
        var flags = (InitFlags)BinaryPrimitives.ReadUInt32LittleEndian(source[12..]);
        if (flags.HasFlag(InitFlags.Extended) && source.Length >= OldSize + sizeof(uint))
            flags |= (InitFlags)((ulong)BinaryPrimitives.ReadUInt32LittleEndian(source[16..]) << 32);
        request = new InitRequest(
            BinaryPrimitives.ReadUInt32LittleEndian(source),
            BinaryPrimitives.ReadUInt32LittleEndian(source[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[8..]),
            flags);
        return true;
    }
}

/// <summary>What the kernel offers and the reply accepts.</summary>
[Flags]
internal enum InitFlags : ulong
{
    None = 0,

    /// <summary>Several reads of one file at a time.</summary>
    AsyncRead = 1 << 0,

    /// <summary>Writes of more than a page.</summary>
    BigWrites = 1 << 5,

    /// <summary>Direct reads and writes need not wait for one another.</summary>
    AsyncDirectIo = 1 << 15,

    /// <summary>Lookups in a folder need not wait for one another.</summary>
    ParallelFolderOperations = 1 << 18,

    /// <summary>The reply's limit of pages counts; without it, it is 32.</summary>
    MaximumPages = 1 << 22,

    /// <summary>There is an upper half.</summary>
    Extended = 1 << 30,

    /// <summary>A file opened without cache may still be mapped shared (7.39).</summary>
    DirectIoAllowsMapping = 1UL << 36,
}
