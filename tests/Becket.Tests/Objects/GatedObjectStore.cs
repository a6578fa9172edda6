using System.Buffers;
using System.Threading.Channels;
using Becket.Objects;

namespace Becket.Tests.Objects;

/// <summary>A store over another one whose openings wait until the test decides how they go on.</summary>
internal sealed class GatedObjectStore(IObjectStore inner) : IObjectStore
{
    private readonly Channel<Opening> _waiting = Channel.CreateUnbounded<Opening>();

    /// <summary>While it is open, openings pass without waiting.</summary>
    public bool IsOpen { get; set; }

    public string Name => inner.Name;

    /// <summary>The next opening that waits, in the order in which they came.</summary>
    public ValueTask<Opening> NextAsync(CancellationToken cancellationToken) => _waiting.Reader.ReadAsync(cancellationToken);

    /// <summary>Whether an opening has come that the test has not taken yet.</summary>
    public bool AnyWaiting => _waiting.Reader.TryPeek(out _);

    public ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken) =>
        inner.HeadAsync(key, versionId, cancellationToken);

    public async ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        if (IsOpen)
            return await inner.OpenReadAsync(pin, range, cancellationToken);
        var opening = new Opening(range, cancellationToken);
        _waiting.Writer.TryWrite(opening);
        await opening.Decision;
        return await inner.OpenReadAsync(pin, range, CancellationToken.None); // it was let through, cancelled or not
    }

    public ValueTask<StoredChecksums> GetChecksumsAsync(ObjectPin pin, int? part, CancellationToken cancellationToken) =>
        inner.GetChecksumsAsync(pin, part, cancellationToken);

    public ValueTask<string> PutAsync(
        string key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken cancellationToken) =>
        inner.PutAsync(key, body, condition, cancellationToken);

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken) =>
        inner.ListAsync(prefix, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>
/// An opening that waits. Its cancellation does not end it: the test sees it and ends it, or lets the answer come too late.
/// </summary>
internal sealed class Opening(ObjectRange range, CancellationToken cancellationToken)
{
    private readonly TaskCompletionSource _decision = new();

    public ObjectRange Range => range;

    public Task Decision => _decision.Task;

    public bool IsCancelled => cancellationToken.IsCancellationRequested;

    public void Answer() => _decision.TrySetResult();

    public void Fail(Exception failure) => _decision.TrySetException(failure);

    public void EndCancelled() => _decision.TrySetCanceled(cancellationToken);
}
