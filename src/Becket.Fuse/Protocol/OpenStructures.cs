using System.Buffers.Binary;

namespace Becket.Fuse.Protocol;

/// <summary>struct fuse_open_in.</summary>
/// <remarks>
/// <code>
///  0  4  flags of open(2)
///  4  4  flags of FUSE's own
/// </code>
/// </remarks>
internal readonly record struct OpenRequest(int Flags)
{
    public const int Size = 8;

    public static bool TryRead(ReadOnlySpan<byte> source, out OpenRequest request)
    {
        request = source.Length < Size ? default : new OpenRequest(BinaryPrimitives.ReadInt32LittleEndian(source));
        return source.Length >= Size;
    }
}

/// <summary>struct fuse_open_out. We need no handle of our own: the node says it all.</summary>
/// <remarks>
/// <code>
///  0  8  handle
///  8  4  flags
/// 12  4  -
/// </code>
/// </remarks>
internal readonly record struct OpenReply(OpenReplyFlags Flags)
{
    public const int Size = 16;

    public void Write(Span<byte> destination)
    {
        destination[..Size].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], (uint)Flags);
    }
}

/// <summary>How the kernel treats an open file.</summary>
[Flags]
internal enum OpenReplyFlags : uint
{
    None = 0,

    /// <summary>Past the page cache.</summary>
    DirectIo = 1 << 0,

    /// <summary>What the page cache has of it is still right.</summary>
    KeepCache = 1 << 1,

    /// <summary>A folder's entries may be kept.</summary>
    CacheFolder = 1 << 3,

    /// <summary>Direct writes need not wait for one another; kernels before 6.2 do not know it and let them.</summary>
    ParallelDirectWrites = 1 << 6,
}
