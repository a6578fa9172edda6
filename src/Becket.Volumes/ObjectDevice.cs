using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Objects;

namespace Becket.Volumes;

/// <summary>
/// One object as a read-only disk. It is pinned when it is opened: every read is of that very object or fails, however
/// often something else is put in its place. Owns the store. For many threads at once.
/// </summary>
public sealed class ObjectDevice : BlockDevice, IRangeSource
{
    private readonly IObjectStore _store;
    private readonly ObjectPin _pin;

    private ObjectDevice(IObjectStore store, ObjectInfo info, string? versionId)
    {
        _store = store;
        Object = info;
        // A version that was asked for is asked for again, also of a store that does not repeat it in its answer.
        _pin = info.Pin with { VersionId = info.VersionId ?? versionId };
        Info = new BlockDeviceInfo
        {
            Size = info.Size,
            // Nothing is ever to be flushed, so that a flush may always be asked for.
            Features = BlockDeviceFeatures.MultiConnection | BlockDeviceFeatures.Flush,
            Description = Describe(store, info.Key),
        };
    }

    public override BlockDeviceInfo Info { get; }

    /// <summary>What every read carries.</summary>
    public ObjectPin Pin => _pin;

    /// <summary>What the store said of the object when it was opened.</summary>
    public ObjectInfo Object { get; }

    /// <summary>Looks the object up and pins it. Takes over <paramref name="store"/>, also when it fails.</summary>
    /// <exception cref="ObjectStoreException">
    /// <see cref="ObjectStoreError.NotFound"/>, or <see cref="ObjectStoreError.Invalid"/> where the object is empty or the key
    /// is; and whatever the store reports.
    /// </exception>
    public static async ValueTask<ObjectDevice> OpenAsync(
        IObjectStore store, string key, string? versionId, CancellationToken cancellationToken)
    {
        try
        {
            if (key.Length == 0)
            {
                throw new ObjectStoreException(
                    ObjectStoreError.Invalid, $"{store.Name}: the object's key is empty; name an object in the bucket");
            }
            var info = await store.HeadAsync(key, versionId, cancellationToken) ?? throw Missing(store, key, versionId);
            if (info.Size == 0)
            {
                throw new ObjectStoreException(
                    ObjectStoreError.Invalid,
                    $"{Describe(store, key)} is empty, and a disk of no bytes is of no use; upload an image first");
            }
            return new ObjectDevice(store, info, versionId);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public override async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.IsEmpty)
            return;
        var range = new ByteRange(offset, buffer.Length);
        await using var body = await OpenRangeAsync(range, cancellationToken);
        await body.ReadExactlyAsync(buffer, cancellationToken);
    }

    public async ValueTask<Stream> OpenRangeAsync(ByteRange range, CancellationToken cancellationToken)
    {
        try
        {
            var body = await _store.OpenReadAsync(_pin, new ObjectRange(range.Offset, range.Length), cancellationToken);
            return new ObjectRangeStream(this, range, body);
        }
        catch (ObjectStoreException e)
        {
            throw Unreadable(range, e);
        }
    }

    /// <summary>What the store says of the pinned object's bytes as they were put, or of one of its parts.</summary>
    /// <exception cref="ObjectStoreException">Whatever the store reports.</exception>
    public ValueTask<StoredChecksums> GetChecksumsAsync(int? part, CancellationToken cancellationToken) =>
        _store.GetChecksumsAsync(_pin, part, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await base.DisposeAsync();
    }

    internal static BlockDeviceException Unreadable(ByteRange range, ObjectStoreException e) =>
        new(BlockError.Io, $"{new ObjectRange(range.Offset, range.Length)} cannot be read: {e.Message}", e) { IsTransient = e.IsTransient };

    internal BlockDeviceException CutShort(ByteRange range) => new(
        BlockError.Io,
        $"{new ObjectRange(range.Offset, range.Length)} cannot be read: {Info.Description}: the store sent too few bytes");

    private static string Describe(IObjectStore store, string key) => $"{store.Name}/{key}";

    private static ObjectStoreException Missing(IObjectStore store, string key, string? versionId) => new(
        ObjectStoreError.NotFound,
        versionId is null
            ? $"{Describe(store, key)} does not exist; check the name"
            : $"{Describe(store, key)} has no version {versionId}; check the name and the version");
}
