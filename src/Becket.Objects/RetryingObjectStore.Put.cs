using System.Buffers;

namespace Becket.Objects;

/// <summary>Writing. A PUT whose answer was lost may have been carried out, and then its own retry meets it.</summary>
public sealed partial class RetryingObjectStore
{
    public async ValueTask<string> PutAsync(
        string key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken cancellationToken)
    {
        var allowance = TimeSpan.FromSeconds((double)body.Length / Policy.MinimumUploadRate);
        var request = Begin(key, Policy.Deadline + allowance, Policy.StallTimeout + allowance);
        try
        {
            return await RunAsync(
                request,
                (inner, key, body, condition),
                static (put, token) => put.inner.PutAsync(put.key, put.body, put.condition, token),
                cancellationToken);
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.PreconditionFailed && request.Attempts > 1)
        {
            if (await FindAsync(key, body, cancellationToken) is { } etag)
                return etag;
            throw;
        }
    }

    /// <summary>
    /// The ETag of the object if it has exactly these bytes, or null. Who else may have written the same bytes does not
    /// matter: what the caller wanted to be there is there.
    /// </summary>
    private async ValueTask<string?> FindAsync(string key, ReadOnlySequence<byte> expected, CancellationToken cancellationToken)
    {
        if (await HeadAsync(key, versionId: null, cancellationToken) is not { } found || found.Size != expected.Length)
            return null;
        try
        {
            return expected.IsEmpty || await HasBytesAsync(found, expected, cancellationToken) ? found.ETag : null;
        }
        catch (ObjectStoreException e) when (e.Error is ObjectStoreError.Changed or ObjectStoreError.NotFound)
        {
            return null;
        }
    }

    private async ValueTask<bool> HasBytesAsync(ObjectInfo found, ReadOnlySequence<byte> expected, CancellationToken cancellationToken)
    {
        await using var body = await OpenReadAsync(found.Pin, new ObjectRange(0, found.Size), cancellationToken);
        using var owner = MemoryPool<byte>.Shared.Rent(64 * 1024);
        foreach (var segment in expected)
        {
            for (var rest = segment; !rest.IsEmpty;)
            {
                var read = await body.ReadAsync(owner.Memory[..Math.Min(rest.Length, owner.Memory.Length)], cancellationToken);
                if (read == 0 || !owner.Memory.Span[..read].SequenceEqual(rest.Span[..read]))
                    return false;
                rest = rest[read..];
            }
        }
        return true;
    }
}
