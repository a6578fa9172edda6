using System.Globalization;

namespace Becket.Objects;

public sealed partial class RetryingObjectStore
{
    /// <summary>
    /// A range's bytes over as many attempts as they need. A body that breaks is resumed from the byte it reached, with the
    /// same pin, so the reader sees one body of one object. For one reader at a time.
    /// </summary>
    private sealed class Body(IObjectStore store, Request request, ObjectPin pin, ObjectRange range) : ReadOnlyStream
    {
        private Stream? _attempt;
        private long _got;

        /// <summary>Opens the range or what is left of it, again and again if it must be.</summary>
        public async ValueTask OpenAsync(CancellationToken cancellationToken)
        {
            var rest = new ObjectRange(range.Offset + _got, range.Length - _got);
            _attempt = await RunAsync(
                request,
                (store, pin, rest),
                static (open, token) => open.store.OpenReadAsync(open.pin, open.rest, token),
                cancellationToken);
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var left = range.Length - _got;
            if (left == 0 || buffer.IsEmpty)
                return 0;
            if (buffer.Length > left)
                buffer = buffer[..(int)left];
            while (true)
            {
                if (_attempt is null)
                    await OpenAsync(cancellationToken);
                try
                {
                    var read = await request.TryAsync(
                        (Body: _attempt!, buffer),
                        static (attempt, token) => attempt.Body.ReadAsync(attempt.buffer, token),
                        cancellationToken);
                    if (read == 0)
                        throw Short();
                    _got += read;
                    return read;
                }
                catch (ObjectStoreException e) when (request.IsWorthAnother(e))
                {
                    await AbandonAsync();
                    await request.PauseAsync(e, cancellationToken);
                }
                catch
                {
                    // A read that was cancelled leaves the attempt at an unknown byte; the next read starts a new one.
                    await AbandonAsync();
                    throw;
                }
            }
        }

        private async ValueTask AbandonAsync()
        {
            if (Interlocked.Exchange(ref _attempt, null) is { } attempt)
                await attempt.DisposeAsync();
        }

        private ObjectStoreException Short() => new(
            ObjectStoreError.Unavailable,
            string.Create(
                CultureInfo.InvariantCulture, $"{store.Name}/{pin.Key}, {range}: the body ended after {_got} of {range.Length} bytes"))
        {
            IsTransient = true,
        };

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                Interlocked.Exchange(ref _attempt, null)?.Dispose();
            base.Dispose(disposing);
        }

        public override async ValueTask DisposeAsync()
        {
            await AbandonAsync();
            await base.DisposeAsync();
        }
    }
}
