using System.Buffers;
using Becket.Objects;

namespace Becket.Tests.Stack;

/// <summary>
/// A bucket in memory with one object, which can be replaced. Bodies come in reads of any length, now and then after a change of
/// threads, so that what runs beside them really does.
/// </summary>
internal sealed class KnownStore(byte[] content) : IObjectStore
{
    public const string Key = "disk.img";

    private volatile StoredObject _object = new(content, "\"1\"");

    public string Name => "memory://bucket";

    public void Replace(byte[] content, string etag) => _object = new StoredObject(content, etag);

    public ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken)
    {
        var current = _object;
        return ValueTask.FromResult<ObjectInfo?>(new ObjectInfo { Key = key, Size = current.Content.Length, ETag = current.ETag });
    }

    public async ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        var current = _object;
        return pin.ETag == current.ETag
            ? new Body(current.Content, range)
            : throw new ObjectStoreException(ObjectStoreError.Changed, $"{Name}/{Key} was replaced since it was opened; open it again");
    }

    public ValueTask<StoredChecksums> GetChecksumsAsync(ObjectPin pin, int? part, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask<string> PutAsync(
        string key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed record StoredObject(byte[] Content, string ETag);

    private sealed class Body(byte[] content, ObjectRange range) : ReadOnlyStream
    {
        private long _got;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var dice = Random.Shared.Next();
            if (dice % 4 == 0)
                await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            var most = dice % 3 == 0 ? 1 + (dice % 5000) : int.MaxValue;
            var count = (int)Math.Min(Math.Min(buffer.Length, most), range.Length - _got);
            content.AsSpan((int)(range.Offset + _got), count).CopyTo(buffer.Span);
            _got += count;
            return count;
        }
    }
}
