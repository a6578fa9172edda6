namespace Becket.Objects;

public sealed partial class MeteredObjectStore
{
    /// <summary>A body whose bytes are counted as they arrive. The metrics hear of them when it is disposed.</summary>
    private sealed class Body(MeteredObjectStore store, Stream body) : ReadOnlyStream
    {
        private long _got;
        private bool _disposed;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                var read = await body.ReadAsync(buffer, cancellationToken);
                _got += read;
                Interlocked.Add(ref store._received, read);
                return read;
            }
            catch (Exception e)
            {
                store.CountError(e);
                throw;
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing && !_disposed)
            {
                _disposed = true;
                body.Dispose();
                StoreMetrics.RecordBytes(store._store, StoreOperation.Get, _got);
            }
            base.Dispose(disposing);
        }
    }
}
