using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Becket.Objects;

public sealed partial class RetryingObjectStore
{
    /// <summary>
    /// One request from its first attempt to its end: the clock, the count and the pauses. For one thread at a time.
    /// </summary>
    private sealed class Request(
        RetryingObjectStore store, string key, TimeSpan deadline, TimeSpan stallTimeout, RequestLimits limits)
    {
        private readonly long _started = store.Time.GetTimestamp();
        private CancellationTokenSource? _expiry;
        private int _doubts;

        private TimeSpan Elapsed => store.Time.GetElapsedTime(_started);

        public int Attempts { get; private set; }

        private TimeSpan Left => deadline - Elapsed;

        public void CountAttempt() => Attempts++;

        /// <summary>
        /// Runs one step of an attempt under the stall time-out and what is left of the deadline. Running out of time is a
        /// transient failure; the caller's own cancellation is passed on.
        /// </summary>
        public async ValueTask<T> TryAsync<TState, T>(
            TState state, Func<TState, CancellationToken, ValueTask<T>> step, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var began = store.Time.GetTimestamp();
            var left = Left;
            var limit = left < stallTimeout ? left : stallTimeout;
            if (limit <= TimeSpan.Zero)
                throw Transient("there was no time left");

            var expiry = _expiry ??= new CancellationTokenSource(Timeout.InfiniteTimeSpan, store.Time);
            try
            {
                var running = step(state, expiry.Token);
                if (running.IsCompletedSuccessfully)
                    return running.Result; // bytes that are here already: no clock is set for them

                expiry.CancelAfter(limit);
                if (store.Time.GetElapsedTime(began) >= limit)
                    await expiry.CancelAsync(); // it took that long to get here
                await using var registration = cancellationToken.UnsafeRegister(
                    static source => ((CancellationTokenSource)source!).Cancel(), expiry);
                return await running;
            }
            catch (OperationCanceledException e)
            {
                // The same exception with the caller's token, which is the one that the caller knows.
                cancellationToken.ThrowIfCancellationRequested();
                if (!expiry.IsCancellationRequested)
                    throw;
                throw Transient(Text($"nothing came for {limit.TotalSeconds:0.#} s"), e);
            }
            finally
            {
                // One source serves all the steps; not one that has fired, or that may be firing just now. Nobody disposes the
                // last one: a source without a running timer holds nothing but memory.
                if (!expiry.TryReset())
                {
                    expiry.Dispose();
                    _expiry = null;
                }
            }
        }

        /// <summary>Whether the request may go on after this failure; otherwise the failure is its end, as it is.</summary>
        public bool IsWorthAnother(ObjectStoreException failure) =>
            failure.IsTransient || (failure.IsDoubtful && _doubts < limits.Doubts);

        /// <summary>Waits before the next attempt, or throws what the request ends with: no attempt or no time is left.</summary>
        /// <param name="failure">One that <see cref="IsWorthAnother"/> lets pass.</param>
        /// <param name="cancellationToken">Ends the wait.</param>
        public async ValueTask PauseAsync(ObjectStoreException failure, CancellationToken cancellationToken)
        {
            var pause = failure.IsTransient ? store.Policy.Pause(Attempts, failure.RetryAfter) : store.Policy.DoubtPause(++_doubts);
            // Not sleeping towards a deadline that has to be missed: the caller may know something better to do.
            if (Attempts >= limits.Attempts || pause >= Left)
                throw failure.IsTransient ? GivenUp(failure) : failure;
            store.LogRetry(limits.RetryLevel, Attempts, pause.TotalSeconds, failure.Message);
            await Task.Delay(pause, store.Time, cancellationToken);
        }

        private ObjectStoreException GivenUp(ObjectStoreException failure) => new(
            failure.Error,
            Text($"gave up after {Attempts} {(Attempts == 1 ? "attempt" : "attempts")} in {Elapsed.TotalSeconds:0.0} s: {failure.Message}"),
            failure)
        {
            IsTransient = true,
            RetryAfter = failure.RetryAfter,
        };

        private ObjectStoreException Transient(string reason, Exception? inner = null) =>
            new(ObjectStoreError.Unavailable, $"{store.Name}/{key}: {reason}", inner) { IsTransient = true };

        private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>How often a kind of request is tried, and how loudly.</summary>
    /// <param name="Attempts">Attempts, the first included.</param>
    /// <param name="Doubts">Attempts after answers that cannot be right.</param>
    /// <param name="RetryLevel">The level at which its retries are logged.</param>
    private readonly record struct RequestLimits(int Attempts, int Doubts, LogLevel RetryLevel);
}
