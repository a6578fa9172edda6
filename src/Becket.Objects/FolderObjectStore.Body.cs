using Microsoft.Win32.SafeHandles;

namespace Becket.Objects;

public sealed partial class FolderObjectStore
{
    /// <summary>
    /// A range of an open file. The file's state is looked at after each read and before its bytes are handed out, so bytes
    /// that were written in the meantime never pass for the pinned object's. A file that is replaced by another one stays
    /// readable to the end: what is open is still the old one.
    /// </summary>
    private sealed class Body(FolderObjectStore store, string key, SafeFileHandle file, string etag, ObjectRange range) : ReadOnlyStream
    {
        private long _got;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var left = range.Length - _got;
            if (left == 0 || buffer.IsEmpty)
                return 0;
            try
            {
                var read = await RandomAccess.ReadAsync(
                    file, buffer[..(int)Math.Min(left, buffer.Length)], range.Offset + _got, cancellationToken);
                if (read == 0 || StateOf(file).ETag != etag)
                    throw store.Changed(key);
                _got += read;
                return read;
            }
            catch (Exception e) when (IsFailure(e))
            {
                throw store.Translate(e, key);
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                file.Dispose();
            base.Dispose(disposing);
        }
    }
}
