namespace Becket.Objects;

/// <summary>
/// A store over another one that makes connections ready before they are needed: once an object has been looked up, a few GETs of
/// one byte are sent beside one another in the background, and their connections stay for the first burst of reads. What
/// becomes of them never delays or fails anything. Owns the store below.
/// </summary>
/// <remarks>
/// Requests, not a stock of connected sockets below the HTTP client: they go through proxies, names and TLS as the reads will,
/// and TLS is most of what a new connection costs. Eight of them are a three-hundredth of a cent.
/// </remarks>
public sealed class WarmingObjectStore(IObjectStore inner, int connections) : ObjectStoreFilter(inner)
{
    private readonly CancellationTokenSource _closing = new();
    private Task _warming = Task.CompletedTask;
    private int _begun;

    public override async ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken)
    {
        var info = await Inner.HeadAsync(key, versionId, cancellationToken);
        if (info is { Size: > 0 } && Interlocked.Exchange(ref _begun, 1) == 0)
        {
            _warming = Task.WhenAll(
                Enumerable.Range(0, connections).Select(_ => Task.Run(() => TouchAsync(info.Pin), CancellationToken.None)));
        }
        return info;
    }

    private async Task TouchAsync(ObjectPin pin)
    {
        try
        {
            // Read to its end: only then can the connection carry another request.
            await using var body = await Inner.OpenReadAsync(pin, new ObjectRange(0, 1), _closing.Token);
            await body.ReadExactlyAsync(new byte[1], _closing.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The read that really needs the store will meet the same, and be told.
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _warming.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _closing.Dispose();
        await base.DisposeAsync();
    }
}
