using System.Buffers;
using Becket.DevS3.Protocol;
using Becket.DevS3.Signing;
using Microsoft.Win32.SafeHandles;

namespace Becket.DevS3.Storage;

/// <summary>
/// A file that is being written and is no object yet. Disposing deletes it, unless it was renamed to its place by then.
/// </summary>
internal sealed class StagedFile : IDisposable
{
    private const int BufferSize = 1 << 20;

    public StagedFile(ServedFolder folder)
    {
        Path = folder.NextStagedPath();
        // Written through without a buffer of its own: all writers bring large ones.
        Stream = new FileStream(Path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
    }

    public string Path { get; }

    public FileStream Stream { get; }

    /// <summary>Appends a stretch of another open file.</summary>
    /// <param name="source">Belongs to the caller.</param>
    /// <param name="offset">Where the stretch starts, in bytes.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="each">Gets every piece on its way.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    /// <exception cref="S3Exception">InternalError: the file ended before the stretch did.</exception>
    public async Task AppendAsync(
        SafeFileHandle source, long offset, long length, Action<ReadOnlySpan<byte>> each, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(length, 1, BufferSize));
        try
        {
            while (length > 0)
            {
                Memory<byte> piece = buffer.AsMemory(0, (int)Math.Min(length, buffer.Length));
                int count = await RandomAccess.ReadAsync(source, piece, offset, cancellationToken);
                if (count == 0)
                    throw S3Error.InternalError.Because("A file became shorter while it was copied");
                each(piece.Span[..count]);
                await Stream.WriteAsync(piece[..count], cancellationToken);
                offset += count;
                length -= count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The ETag of an object put in one piece.</summary>
    public static string ETagOf(byte[] md5) => $"\"{SignatureV4.Hex(md5)}\"";

    public void Dispose()
    {
        Stream.Dispose();
        if (File.Exists(Path)) // also false when the server has stopped and taken the folder away
            File.Delete(Path);
    }
}
