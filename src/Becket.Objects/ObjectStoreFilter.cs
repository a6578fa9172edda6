using System.Buffers;

namespace Becket.Objects;

/// <summary>
/// Base of stores that stand over another one and serve the same objects. Forwards every verb; owns the store below and disposes it.
/// A store that answers for itself, with errors or attempts of its own, is better off without it: there every verb is a decision.
/// </summary>
public abstract class ObjectStoreFilter(IObjectStore inner) : IObjectStore
{
    public string Name => Inner.Name;

    protected IObjectStore Inner { get; } = inner;

    public virtual ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken) =>
        Inner.HeadAsync(key, versionId, cancellationToken);

    public virtual ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken) =>
        Inner.OpenReadAsync(pin, range, cancellationToken);

    public virtual ValueTask<StoredChecksums> GetChecksumsAsync(ObjectPin pin, int? part, CancellationToken cancellationToken) =>
        Inner.GetChecksumsAsync(pin, part, cancellationToken);

    public virtual ValueTask<string> PutAsync(
        string key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken cancellationToken) =>
        Inner.PutAsync(key, body, condition, cancellationToken);

    public virtual ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => Inner.DeleteAsync(key, cancellationToken);

    public virtual IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken) =>
        Inner.ListAsync(prefix, cancellationToken);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Inner.DisposeAsync();
    }
}
