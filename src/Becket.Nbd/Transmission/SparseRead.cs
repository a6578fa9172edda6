using Becket.Blocks;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Transmission;

/// <summary>
/// A READ answered in several chunks: stretches that are known to be zero are told, not sent. The reply is complete
/// before its first byte goes out, so that an error found on the way still answers for the whole request (README, 9).
/// </summary>
internal static class SparseRead
{
    /// <summary>Below this many bytes a READ is not worth asking the device for its extents.</summary>
    public const int MinimumRequest = 32 * 1024;

    /// <summary>Shorter zero stretches are sent as data; it also bounds the number of chunks.</summary>
    private const int MinimumHole = 4096;

    /// <summary>The zero stretches of a range that are worth a chunk of their own: ascending and apart from each other.</summary>
    public static async ValueTask<List<ByteRange>> FindHolesAsync(IBlockDevice device, ByteRange range, CancellationToken cancellationToken)
    {
        var holes = new List<ByteRange>();
        var hole = new ByteRange(range.Offset, 0);

        await foreach (var extent in device.GetExtentsAsync(range, cancellationToken))
        {
            if (!extent.Kind.HasFlag(ExtentKind.Zero))
                continue;

            var zeroes = extent.Range.Intersect(range);
            if (zeroes.Offset == hole.End)
            {
                hole = hole with { Length = hole.Length + zeroes.Length };
                continue;
            }

            AddIfWorthIt(holes, hole);
            hole = zeroes;
        }

        AddIfWorthIt(holes, hole);
        return holes;
    }

    /// <summary>Reads what lies between the holes and writes the whole reply into a buffer, which it shortens.</summary>
    /// <remarks>
    /// A hole's header and that of the data behind it are shorter than any hole, so a buffer for all the bytes is enough.
    /// </remarks>
    public static async ValueTask ReadAsync(
        IBlockDevice device, NbdRequest request, List<ByteRange> holes, TransferBuffer reply, CancellationToken cancellationToken)
    {
        var end = request.Offset + request.Length;
        var used = 0;
        var position = request.Offset;
        foreach (var hole in holes)
        {
            if (hole.Offset > position)
                used += await AddDataAsync(position, hole.Offset, used);

            new HoleChunk(FlagsAt(hole.End), request.Cookie, hole.Offset, (int)hole.Length).Write(reply.Span[used..]);
            used += HoleChunk.Size;
            position = hole.End;
        }

        if (position < end)
            used += await AddDataAsync(position, end, used);

        reply.Shorten(used);

        ChunkFlags FlagsAt(long chunkEnd) => chunkEnd == end ? ChunkFlags.Done : ChunkFlags.None;

        async ValueTask<int> AddDataAsync(long from, long to, int used)
        {
            var length = (int)(to - from);
            new DataChunk(FlagsAt(to), request.Cookie, from, length).Write(reply.Span[used..]);

            var content = reply.Memory.Slice(used + DataChunk.Size, length);
            if (!device.TryRead(from, content.Span))
                await device.ReadAsync(from, content, cancellationToken);

            return DataChunk.Size + length;
        }
    }

    private static void AddIfWorthIt(List<ByteRange> holes, ByteRange hole)
    {
        if (hole.Length >= MinimumHole)
            holes.Add(hole);
    }
}
