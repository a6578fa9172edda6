using System.Buffers.Binary;
using Becket.Blocks;
using Becket.Nbd.Handshake;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Transmission;

/// <summary>
/// The answer to BLOCK_STATUS: the device's extents, neighbours of one kind merged, in one chunk. At least one
/// descriptor and never beyond the request, so that every length fits into 32 bits.
/// </summary>
internal static class BlockStatus
{
    public const int MaximumSize = ChunkHeader.Size + BlockDescriptor.ContextIdSize + (NbdLimits.Descriptors * BlockDescriptor.Size);

    /// <summary>Writes the whole reply into a buffer of <see cref="MaximumSize"/>, which it shortens.</summary>
    public static async ValueTask ReportAsync(
        IBlockDevice device, NbdRequest request, MetaContext context, TransferBuffer reply, CancellationToken cancellationToken)
    {
        var limit = request.Has(CommandFlags.ReqOne) ? 1 : NbdLimits.Descriptors;
        var descriptors = await DescribeAsync(device, new ByteRange(request.Offset, request.Length), limit, cancellationToken);
        if (descriptors.Count == 0)
            throw new BlockDeviceException(BlockError.Io, "the device reported no extents");

        Format(request.Cookie, context, descriptors, reply);
    }

    private static async ValueTask<List<BlockDescriptor>> DescribeAsync(
        IBlockDevice device, ByteRange range, int limit, CancellationToken cancellationToken)
    {
        var descriptors = new List<BlockDescriptor>();
        await foreach (var extent in device.GetExtentsAsync(range, cancellationToken))
        {
            var length = (uint)extent.Range.Intersect(range).Length;
            if (length == 0)
                continue;

            if (descriptors.Count > 0 && descriptors[^1].Kind == extent.Kind)
                descriptors[^1] = descriptors[^1] with { Length = descriptors[^1].Length + length };
            else if (descriptors.Count < limit)
                descriptors.Add(new BlockDescriptor(length, extent.Kind));
            else
                break;
        }

        return descriptors;
    }

    private static void Format(long cookie, MetaContext context, List<BlockDescriptor> descriptors, TransferBuffer reply)
    {
        var length = BlockDescriptor.ContextIdSize + (descriptors.Count * BlockDescriptor.Size);
        reply.Shorten(ChunkHeader.Size + length);
        var rest = reply.Span;

        new ChunkHeader(ChunkFlags.Done, ChunkType.BlockStatus, cookie, (uint)length).Write(rest);
        BinaryPrimitives.WriteUInt32BigEndian(rest[ChunkHeader.Size..], context.Id);
        rest = rest[(ChunkHeader.Size + BlockDescriptor.ContextIdSize)..];
        foreach (var descriptor in descriptors)
        {
            descriptor.Write(rest);
            rest = rest[BlockDescriptor.Size..];
        }
    }
}
