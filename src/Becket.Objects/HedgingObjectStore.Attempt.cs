namespace Becket.Objects;

public sealed partial class HedgingObjectStore
{
    /// <summary>
    /// One GET from when it is sent to its answer, which can be called off alone. Disposing it neither ends the GET nor
    /// touches the answer.
    /// </summary>
    private sealed class Attempt : IDisposable
    {
        private readonly HedgingObjectStore _store;
        private readonly CancellationTokenSource _stopping;
        private readonly long _started;

        public Attempt(HedgingObjectStore store, ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
        {
            _store = store;
            _started = store._time.GetTimestamp();
            _stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Answer = OpenAsync(pin, range);
        }

        public Task<Stream> Answer { get; }

        /// <summary>The time since it was sent.</summary>
        public TimeSpan Age => _store._time.GetElapsedTime(_started);

        public void CallOff() => _stopping.Cancel();

        public void Dispose() => _stopping.Dispose();

        // A method of its own, so that what the store below throws at once becomes a failed answer too.
        private async Task<Stream> OpenAsync(ObjectPin pin, ObjectRange range) =>
            await _store.Inner.OpenReadAsync(pin, range, _stopping.Token);
    }

    /// <summary>
    /// The GETs that lost and have not ended yet. Each is called off, and its body disposed if it has one after all; whether and
    /// how it fails is nobody's concern any more.
    /// </summary>
    private sealed class Losers : IAsyncDisposable
    {
        private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = 1; // the store itself

        public void Discard(Attempt attempt)
        {
            Interlocked.Increment(ref _left);
            attempt.CallOff();
            _ = DiscardAsync(attempt.Answer);
        }

        private async Task DiscardAsync(Task<Stream> answer)
        {
            await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (answer.IsCompletedSuccessfully)
                await (await answer).DisposeAsync().AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Leave();
        }

        private void Leave()
        {
            if (Interlocked.Decrement(ref _left) == 0)
                _gone.TrySetResult();
        }

        public async ValueTask DisposeAsync()
        {
            Leave();
            await _gone.Task;
        }
    }
}
