using System.Buffers.Binary;
using System.Text;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>
/// The transmission phase of a <see cref="ReplyChecker"/>: every reply belongs to one request, and its bytes are those of the export.
/// </summary>
internal sealed class RequestChecker
{
    private const uint Maximum = 32 * 1024 * 1024;

    private static readonly uint[] Errors = [RawClient.EPERM, RawClient.EINVAL, RawClient.ENOSPC, RawClient.EOVERFLOW];

    private readonly SentBytes _sent;
    private readonly ReplyReader _replies;
    private readonly ToldExport _export;
    private readonly bool _isStructured;
    private readonly Dictionary<long, (SentRequest Request, int Count)> _open = [];

    public RequestChecker(SentBytes sent, ReplyReader replies, ToldExport export, bool isStructured)
    {
        (_sent, _replies, _export, _isStructured) = (sent, replies, export, isStructured);
        Assert.True(export.Size == FuzzExports.Size && (export.Flags & 1) == 1, $"{export}");
    }

    public void Check(Completeness isComplete)
    {
        while (_sent.TakeRequest() is { Command: not RawClient.Disc } request)
        {
            var (known, count) = _open.GetValueOrDefault(request.Cookie, (request, 0));

            // Damage can make two different requests of one cookie: nobody could tell their replies apart.
            if (known != request)
                return;

            _open[request.Cookie] = (request, count + 1);
        }

        while (!_replies.IsAtEnd)
        {
            if (_isStructured)
                CheckChunks();
            else
                CheckSimple();
        }

        if (isComplete == Completeness.Complete && _sent.IsWhole)
            Assert.True(_open.Count == 0, $"{_open.Count} requests without a reply, such as {_open.Values.FirstOrDefault().Request}");
    }

    private void CheckSimple()
    {
        Assert.Equal(0x67446698u, _replies.Take32());
        var (error, cookie) = (_replies.Take32(), _replies.Take64());
        var request = Close(cookie);
        CheckError(request, error);
        if (error == 0 && request.Command == RawClient.Read)
            CheckContent((long)request.Offset, _replies.Take(request.Length));
    }

    private void CheckChunks()
    {
        var (covered, failed) = (new List<(long Start, long End)>(), false);
        long? cookie = null;
        var request = default(SentRequest);
        for (var isDone = false; !isDone;)
        {
            Assert.Equal(0x668e33efu, _replies.Take32());
            var (flags, type, itsCookie, length) = (_replies.Take16(), _replies.Take16(), _replies.Take64(), _replies.Take32());
            Assert.True(flags <= 1 && itsCookie == (cookie ?? itsCookie));
            request = cookie is null ? Close(itsCookie) : request;
            (cookie, isDone) = (itsCookie, flags == 1);
            failed |= CheckChunk(request, type, _replies.Take(length), covered);
            Assert.True(isDone || !failed, "an error that is not the last chunk");
        }

        if (failed || request.Command != RawClient.Read)
            return;

        var position = (long)request.Offset;
        foreach (var (start, end) in covered.Order())
        {
            Assert.Equal(position, start);
            position = end;
        }

        Assert.Equal((long)request.Offset + request.Length, position);
        Assert.True(covered.Count <= 1 || !request.Has(RawClient.Df));
    }

    /// <summary>Whether it is an error.</summary>
    private bool CheckChunk(SentRequest request, ushort type, ReadOnlySpan<byte> payload, List<(long Start, long End)> covered)
    {
        switch (type)
        {
            case RawClient.Chunk.None:
                Assert.True(payload.IsEmpty);
                CheckError(request, 0);
                Assert.True(request.Length == 0 || request.Command is not (RawClient.Read or RawClient.BlockStatus));
                return false;
            case RawClient.Chunk.Data:
                Assert.Equal(RawClient.Read, request.Command);
                var start = BinaryPrimitives.ReadInt64BigEndian(payload);
                Assert.True(payload.Length > 8);
                CheckContent(start, payload[8..]);
                covered.Add((start, start + payload.Length - 8));
                return false;
            case RawClient.Chunk.Hole:
                Assert.Equal((RawClient.Read, 12), (request.Command, payload.Length));
                var (hole, size) = (BinaryPrimitives.ReadInt64BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[8..]));
                Assert.True(size > 0 && !request.Has(RawClient.Df));
                if (_export.IsReadOnly)
                    Assert.False(FuzzExports.Content.AsSpan((int)hole, (int)size).ContainsAnyExcept((byte)0));
                covered.Add((hole, hole + size));
                return false;
            case RawClient.Chunk.Status:
                CheckStatus(request, payload);
                return false;
            case RawClient.Chunk.Failure:
                CheckError(request, BinaryPrimitives.ReadUInt32BigEndian(payload));
                Assert.Equal(payload.Length - 6, BinaryPrimitives.ReadUInt16BigEndian(payload[4..]));
                Assert.NotEqual(0, new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(payload[6..]));
                return true;
            default:
                Assert.Fail($"chunk of type {type}");
                return false;
        }
    }

    private static void CheckStatus(SentRequest request, ReadOnlySpan<byte> payload)
    {
        Assert.Equal(RawClient.BlockStatus, request.Command);
        Assert.True(payload.Length >= 12 && payload.Length % 8 == 4);
        var total = 0L;
        for (var rest = payload[4..]; !rest.IsEmpty; rest = rest[8..])
        {
            Assert.NotEqual(0u, BinaryPrimitives.ReadUInt32BigEndian(rest));
            Assert.True(BinaryPrimitives.ReadUInt32BigEndian(rest[4..]) <= 3);
            total += BinaryPrimitives.ReadUInt32BigEndian(rest);
        }

        Assert.InRange(total, 1, request.Length);
        Assert.True(payload.Length == 12 || !request.Has(RawClient.ReqOne));
    }

    private SentRequest Close(long cookie)
    {
        Assert.True(_open.Remove(cookie, out var open), $"a reply to a request {cookie:x} that is not open");
        if (open.Count > 1)
            _open[cookie] = open with { Count = open.Count - 1 };
        return open.Request;
    }

    /// <summary>
    /// What must succeed does, what must not does not, and errors are among those that a device which never fails can have.
    /// </summary>
    private void CheckError(SentRequest request, uint error)
    {
        var isInside = request.Offset <= FuzzExports.Size && request.Length <= FuzzExports.Size - request.Offset;
        if (error != 0)
            Assert.Contains(error, Errors);
        else
            Assert.True(
                isInside && request.Command <= RawClient.BlockStatus && request.Flags < 32 && request.Length <= Maximum,
                $"{request} must not succeed");
        if (request.Command == RawClient.Read && request.Flags == 0 && isInside)
            Assert.True(error == 0, $"{request} must not fail");
        if (_export.IsReadOnly && request.Command is (RawClient.Write or RawClient.Trim or RawClient.WriteZeroes))
            Assert.True(error == RawClient.EPERM, $"{request} changes what is read-only");
    }

    /// <summary>Bytes of the export that nobody changes; the other one's may be any.</summary>
    private void CheckContent(long start, ReadOnlySpan<byte> content)
    {
        Assert.True(start >= 0 && start + content.Length <= _export.Size);
        if (_export.IsReadOnly)
            Assert.True(content.SequenceEqual(FuzzExports.Content.AsSpan((int)start, content.Length)), $"wrong bytes at {start}");
    }
}
