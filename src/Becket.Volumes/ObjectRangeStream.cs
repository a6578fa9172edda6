using Becket.Blocks;
using Becket.Objects;

namespace Becket.Volumes;

/// <summary>
/// A range of an object as the blocks' room wants it: exactly its bytes, and failures that are
/// <see cref="BlockDeviceException"/>s. For one reader at a time; owns the body.
/// </summary>
internal sealed class ObjectRangeStream(ObjectDevice device, ByteRange range, Stream body) : ReadOnlyStream
{
    private long _left = range.Length;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var count = await body.ReadAsync(buffer, cancellationToken);
            _left -= count;
            return count > 0 || _left == 0 || buffer.IsEmpty ? count : throw device.CutShort(range);
        }
        catch (ObjectStoreException e)
        {
            throw ObjectDevice.Unreadable(range, e);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await body.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            body.Dispose();
        base.Dispose(disposing);
    }
}
