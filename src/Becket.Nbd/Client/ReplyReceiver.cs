using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Becket.Blocks;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Client;

/// <summary>
/// The receiving side of a client: finds the request of each reply by its cookie and fills its buffer. One loop per connection.
/// </summary>
internal sealed class ReplyReceiver(Stream stream, uint? allocationId)
{
    private const int MaximumChunk = NbdLimits.Payload + 8;

    private readonly ConcurrentDictionary<long, PendingRequest> _pending = new();
    private readonly byte[] _header = new byte[ChunkHeader.Size];
    private volatile Exception? _lost;

    /// <summary>Must come before the request is sent.</summary>
    public void Add(long cookie, PendingRequest request)
    {
        _pending[cookie] = request;
        if (_lost is { } reason)
            request.Fail(reason);
    }

    /// <summary>Runs until the connection ends, and then fails what is left.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (true)
                await ReceiveReplyAsync();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            _lost = e;
            foreach (var request in _pending.Values)
                request.Fail(e);
        }
    }

    private async ValueTask ReceiveReplyAsync()
    {
        await stream.ReadExactlyAsync(_header.AsMemory(0, SimpleReply.Size));
        switch (BinaryPrimitives.ReadUInt32BigEndian(_header))
        {
            case SimpleReply.Magic:
                await ReceiveSimpleAsync(SimpleReply.Read(_header));
                break;
            case ChunkHeader.Magic:
                await stream.ReadExactlyAsync(_header.AsMemory(SimpleReply.Size));
                await ReceiveChunkAsync(ChunkHeader.Read(_header));
                break;
            default:
                throw new NbdException("a reply has a wrong magic number");
        }
    }

    private async ValueTask ReceiveSimpleAsync(SimpleReply reply)
    {
        var request = Find(reply.Cookie);
        if (reply.Error != NbdError.None)
            request.Failure = ErrorOf(reply.Error, "");
        else if (!request.Destination.IsEmpty)
            await stream.ReadExactlyAsync(request.Cover(request.Range.Offset, request.Destination.Length));

        Finish(reply.Cookie, request);
    }

    private async ValueTask ReceiveChunkAsync(ChunkHeader chunk)
    {
        var request = Find(chunk.Cookie);
        if (chunk.Length > MaximumChunk)
            throw new NbdException($"a chunk has {chunk.Length} bytes");

        if (chunk.Type == ChunkType.OffsetData && chunk.Length > 8)
            await ReceiveDataAsync(request, (int)chunk.Length);
        else
            Take(request, chunk, await ReceiveAsync((int)chunk.Length));

        if (chunk.IsDone)
            Finish(chunk.Cookie, request);
    }

    private async ValueTask ReceiveDataAsync(PendingRequest request, int length)
    {
        var offset = BinaryPrimitives.ReadInt64BigEndian(await ReceiveAsync(8));
        await stream.ReadExactlyAsync(request.Cover(offset, length - 8));
    }

    private void Take(PendingRequest request, ChunkHeader chunk, byte[] data)
    {
        switch (chunk.Type)
        {
            case ChunkType.None when data.Length == 0:
                break;
            case ChunkType.OffsetHole when data.Length == 12:
                request.Cover(BinaryPrimitives.ReadInt64BigEndian(data), BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(8))).Span.Clear();
                break;
            case ChunkType.BlockStatus when data.Length >= 12 && BinaryPrimitives.ReadUInt32BigEndian(data) == allocationId:
                AddExtents(request, data.AsSpan(BlockDescriptor.ContextIdSize));
                break;
            case var _ when chunk.IsError && data.Length >= 6:
                var length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(4)), data.Length - 6);
                request.Failure ??= ErrorOf((NbdError)BinaryPrimitives.ReadUInt32BigEndian(data), Encoding.UTF8.GetString(data, 6, length));
                break;
            default:
                throw new NbdException($"a chunk of type {chunk.Type} makes no sense");
        }
    }

    private static void AddExtents(PendingRequest request, ReadOnlySpan<byte> descriptors)
    {
        var offset = request.Range.Offset;
        for (; descriptors.Length >= BlockDescriptor.Size; descriptors = descriptors[BlockDescriptor.Size..])
        {
            var descriptor = BlockDescriptor.Read(descriptors);
            request.Extents.Add(new Extent(new ByteRange(offset, descriptor.Length), descriptor.Kind));
            offset += descriptor.Length;
        }
    }

    private async ValueTask<byte[]> ReceiveAsync(int length)
    {
        var data = new byte[length];
        await stream.ReadExactlyAsync(data);
        return data;
    }

    private PendingRequest Find(long cookie) =>
        _pending.TryGetValue(cookie, out var request) ? request : throw new NbdException("a reply belongs to no request");

    private void Finish(long cookie, PendingRequest request)
    {
        _pending.TryRemove(cookie, out _);
        request.Finish();
    }

    private static NbdException ErrorOf(NbdError error, string sentence) =>
        new($"the NBD server answered {error} ({(uint)error}){(sentence.Length > 0 ? ": " + sentence : "")}", (int)error);
}
