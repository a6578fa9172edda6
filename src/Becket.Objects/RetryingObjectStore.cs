using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Becket.Objects;

/// <summary>
/// A store over another one that tries again what failed for no lasting reason (<see cref="ObjectStoreException.IsTransient"/>), and a few
/// times what cannot be right (<see cref="ObjectStoreException.IsDoubtful"/>). The one place of the project that retries (README,
/// invariants 3 to 6). Owns the store below.
/// </summary>
/// <remarks>A caller's cancellation ends a request at once, also in a pause.</remarks>
public sealed partial class RetryingObjectStore(IObjectStore inner, RetryPolicy policy, TimeProvider time, ILogger logger) : IObjectStore
{
    private RetryPolicy Policy { get; } = policy;

    private TimeProvider Time { get; } = time;

    public string Name => inner.Name;

    public ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken) => RunAsync(
        BeginHead(key),
        (inner, key, versionId),
        static (head, token) => head.inner.HeadAsync(head.key, head.versionId, token),
        cancellationToken);

    public async ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        var body = new Body(inner, BeginRead(pin.Key), pin, range);
        await body.OpenAsync(cancellationToken);
        return body;
    }

    public ValueTask<StoredChecksums> GetChecksumsAsync(ObjectPin pin, int? part, CancellationToken cancellationToken) => RunAsync(
        Begin(pin.Key, Policy.Deadline),
        (inner, pin, part),
        static (look, token) => look.inner.GetChecksumsAsync(look.pin, look.part, token),
        cancellationToken);

    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => await RunAsync(
        Begin(key, Policy.Deadline),
        (inner, key),
        static async (delete, token) =>
        {
            await delete.inner.DeleteAsync(delete.key, token);
            return true;
        },
        cancellationToken);

    /// <summary>
    /// Lists; after a failure from the start again, leaving out what was already yielded. The deadline is for each stretch
    /// between two objects.
    /// </summary>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? last = null;
        var request = Begin($"{prefix}*", Policy.Deadline);
        while (true)
        {
            request.CountAttempt();
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await using var objects = inner.ListAsync(prefix, stopping.Token).GetAsyncEnumerator(stopping.Token);
            ObjectStoreException? failure = null;
            while (true)
            {
                try
                {
                    // The enumerator was given its token once and for all, so a time limit has to go through that one.
                    if (!await request.TryAsync(
                        (objects, stopping),
                        static async (listing, limit) =>
                        {
                            await using var _ = limit.UnsafeRegister(
                                static source => ((CancellationTokenSource)source!).Cancel(), listing.stopping);
                            return await listing.objects.MoveNextAsync();
                        },
                        cancellationToken))
                        yield break;
                }
                catch (ObjectStoreException e) when (e.IsTransient)
                {
                    failure = e;
                    break;
                }

                if (last is not null && KeyOrder.Instance.Compare(objects.Current.Key, last) <= 0)
                    continue;
                last = objects.Current.Key;
                yield return objects.Current;
                request = Begin($"{prefix}*", Policy.Deadline);
                request.CountAttempt();
            }
            await request.PauseAsync(failure, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private Request Begin(string key, TimeSpan deadline) => Begin(key, deadline, Policy.StallTimeout);

    private Request Begin(string key, TimeSpan deadline, TimeSpan stallTimeout) =>
        new(this, key, deadline, stallTimeout, new RequestLimits(Policy.MaximumAttempts, Doubts: 0, LogLevel.Warning));

    /// <summary>The only requests with doubts: whoever looks an object up sits and waits, and a change is not to be made twice.</summary>
    private Request BeginRead(string key) => new(
        this, key, Policy.Deadline, Policy.StallTimeout, new RequestLimits(Policy.MaximumAttempts, Policy.MaximumDoubts, LogLevel.Warning));

    /// <summary>Its retries are no warnings: whoever waits for it is told the end of the story, in one sentence.</summary>
    private Request BeginHead(string key) =>
        new(this, key, Policy.HeadDeadline, Policy.StallTimeout, new RequestLimits(Policy.HeadAttempts, Doubts: 0, LogLevel.Information));

    private static async ValueTask<T> RunAsync<TState, T>(
        Request request, TState state, Func<TState, CancellationToken, ValueTask<T>> attempt, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                request.CountAttempt();
                return await request.TryAsync(state, attempt, cancellationToken);
            }
            catch (ObjectStoreException e) when (request.IsWorthAnother(e))
            {
                await request.PauseAsync(e, cancellationToken);
            }
        }
    }

    [LoggerMessage(Message = "Attempt {Attempt} failed, the next in {Pause:0.00} s: {Reason}")]
    private partial void LogRetry(LogLevel level, int attempt, double pause, string reason);
}
