using System.Buffers;
using System.Collections.Concurrent;
using Becket.Objects;

namespace Becket.Tests.Objects;

/// <summary>What goes wrong with one call of a store.</summary>
/// <param name="Kind">How.</param>
/// <param name="After">For faults of a body: the bytes that still arrive.</param>
/// <param name="Failure">For refusals: the exception.</param>
internal sealed record Fault(FaultKind Kind, long After = 0, ObjectStoreException? Failure = null)
{
    /// <summary>The call fails before anything has happened.</summary>
    public static Fault Refuse(ObjectStoreError error = ObjectStoreError.Unavailable, TimeSpan? retryAfter = null) =>
        new(FaultKind.Refuse, Failure: new ObjectStoreException(error, $"fault: {error}")
        {
            IsTransient = error == ObjectStoreError.Unavailable,
            RetryAfter = retryAfter,
        });

    /// <summary>The call's answer cannot be right, or is another object's.</summary>
    public static Fault Doubt(ObjectStoreError error = ObjectStoreError.BadAnswer) =>
        new(FaultKind.Refuse, Failure: new ObjectStoreException(error, $"fault: {error}, perhaps") { IsDoubtful = true });

    /// <summary>The call never ends; only its token ends it.</summary>
    public static Fault Stall { get; } = new(FaultKind.Stall);

    /// <summary>The call is carried out, but its answer gets lost.</summary>
    public static Fault LoseAnswer { get; } = new(FaultKind.LoseAnswer);

    /// <summary>The body ends early, as if it were complete.</summary>
    public static Fault Cut(long after) => new(FaultKind.Cut, after);

    /// <summary>The body breaks with an exception.</summary>
    public static Fault Break(long after) => new(FaultKind.Break, after);

    /// <summary>The body stops, without an end.</summary>
    public static Fault StallBody(long after) => new(FaultKind.StallBody, after);
}

internal enum FaultKind
{
    Refuse,
    Stall,
    LoseAnswer,
    Cut,
    Break,
    StallBody,
}

/// <summary>A call as the store below received it.</summary>
internal sealed record StoreCall(string Verb, string Key, ObjectRange? Range = null);

/// <summary>
/// A store over another one that fails by plan: the plan is asked before each call and may answer with a fault. Counts the
/// bodies that are open, so that a test can see leaks.
/// </summary>
internal sealed class FaultyObjectStore(IObjectStore inner, Func<StoreCall, Fault?> plan) : IObjectStore
{
    private int _openBodies;

    /// <summary>One fault (or null: none) per call, in order; no more faults after the last.</summary>
    public static FaultyObjectStore Scripted(IObjectStore inner, params Fault?[] faults)
    {
        var rest = new Queue<Fault?>(faults);
        return new FaultyObjectStore(inner, _ => rest.TryDequeue(out var fault) ? fault : null);
    }

    /// <summary>Faults at random, for one caller at a time the same ones for the same seed.</summary>
    /// <param name="inner">The store below.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="rate">The part of the calls that fail, 0 to 1.</param>
    public static FaultyObjectStore Seeded(IObjectStore inner, int seed, double rate)
    {
        var random = new Random(seed);
        return new FaultyObjectStore(inner, call =>
        {
            lock (random)
            {
                if (random.NextDouble() >= rate)
                    return null;
                var after = random.NextInt64(call.Range?.Length ?? 1);
                return random.Next(3) switch
                {
                    0 => Fault.Refuse(),
                    1 => Fault.Cut(after),
                    _ => Fault.Break(after),
                };
            }
        });
    }

    public ConcurrentQueue<StoreCall> Calls { get; } = new();

    public int OpenBodies => Volatile.Read(ref _openBodies);

    /// <summary>Completed when a call or a body has begun to stall.</summary>
    public TaskCompletionSource Stalled { get; private set; } = NewSignal();

    public string Name => inner.Name;

    public ValueTask<ObjectInfo?> HeadAsync(string key, string? versionId, CancellationToken cancellationToken) =>
        RunAsync(new StoreCall("HEAD", key), () => inner.HeadAsync(key, versionId, cancellationToken), cancellationToken);

    public async ValueTask<Stream> OpenReadAsync(ObjectPin pin, ObjectRange range, CancellationToken cancellationToken)
    {
        Fault? fault = null;
        var body = await RunAsync(
            new StoreCall("GET", pin.Key, range),
            () => inner.OpenReadAsync(pin, range, cancellationToken),
            cancellationToken,
            f => fault = f);
        Interlocked.Increment(ref _openBodies);
        return new Body(this, body, fault);
    }

    public ValueTask<StoredChecksums> GetChecksumsAsync(ObjectPin pin, int? part, CancellationToken cancellationToken) =>
        RunAsync(new StoreCall("HEAD", pin.Key), () => inner.GetChecksumsAsync(pin, part, cancellationToken), cancellationToken);

    public ValueTask<string> PutAsync(
        string key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken cancellationToken) =>
        RunAsync(new StoreCall("PUT", key), () => inner.PutAsync(key, body, condition, cancellationToken), cancellationToken);

    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken) => await RunAsync(
        new StoreCall("DELETE", key),
        async () =>
        {
            await inner.DeleteAsync(key, cancellationToken);
            return true;
        },
        cancellationToken);

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Fault? fault = null;
        await RunAsync(new StoreCall("LIST", prefix), () => ValueTask.FromResult(true), cancellationToken, f => fault = f);
        var left = fault?.After ?? long.MaxValue;
        await foreach (var info in inner.ListAsync(prefix, cancellationToken))
        {
            if (left-- == 0)
                throw Fault.Refuse().Failure!;
            yield return info;
        }
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async ValueTask<T> RunAsync<T>(
        StoreCall call, Func<ValueTask<T>> run, CancellationToken cancellationToken, Action<Fault?>? bodyFault = null)
    {
        Calls.Enqueue(call);
        var fault = plan(call);
        switch (fault?.Kind)
        {
            case FaultKind.Refuse:
                throw fault.Failure!;
            case FaultKind.Stall:
                return await StallAsync<T>(cancellationToken);
            case FaultKind.LoseAnswer:
                await run();
                throw new ObjectStoreException(ObjectStoreError.Unavailable, "fault: the answer was lost") { IsTransient = true };
            default:
                bodyFault?.Invoke(fault);
                return await run();
        }
    }

    private async Task<T> StallAsync<T>(CancellationToken cancellationToken)
    {
        var stalled = Stalled;
        Stalled = NewSignal();
        var forever = Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        stalled.TrySetResult();
        await forever;
        throw new InvalidOperationException("unreachable: the token ends the wait");
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Body(FaultyObjectStore store, Stream inner, Fault? fault) : Stream
    {
        private long _got;
        private bool _disposed;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (fault is not null && fault.After - _got is var left && left < buffer.Length)
            {
                if (left == 0)
                    return await FailAsync(fault.Kind, cancellationToken);
                buffer = buffer[..(int)left];
            }
            var read = await inner.ReadAsync(buffer, cancellationToken);
            _got += read;
            return read;
        }

        private async Task<int> FailAsync(FaultKind kind, CancellationToken cancellationToken) => kind switch
        {
            FaultKind.Cut => 0,
            FaultKind.StallBody => await store.StallAsync<int>(cancellationToken),
            _ => throw new ObjectStoreException(ObjectStoreError.Unavailable, "fault: the body broke") { IsTransient = true },
        };

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing && !_disposed)
            {
                _disposed = true;
                inner.Dispose();
                Interlocked.Decrement(ref store._openBodies);
            }
            base.Dispose(disposing);
        }
    }
}
