namespace Becket.Objects;

/// <summary>The checksums that stores keep of objects.</summary>
public enum ChecksumKind
{
    Md5,
    Crc32,
    Crc32C,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// <summary>What a failed comparison with a checksum means.</summary>
public enum ChecksumWeight
{
    /// <summary>The store computed it over the very bytes: where it differs, the bytes are not those that were put.</summary>
    Proof,

    /// <summary>An ETag that often is a checksum: where it is the same, that is no accident; where it differs, that says nothing.</summary>
    Hint,
}

/// <summary>One checksum that a store has of an object.</summary>
/// <param name="Origin">Where the store says it: the name of the header.</param>
/// <param name="Kind">How it is computed.</param>
/// <param name="Value">Its bytes, in the order in which they are written.</param>
/// <param name="Parts">Null: of the object's bytes. Otherwise of the checksums, one after the other, of so many parts.</param>
/// <param name="Weight">What it means where the bytes have another one.</param>
public sealed record StoredChecksum(string Origin, ChecksumKind Kind, ReadOnlyMemory<byte> Value, int? Parts, ChecksumWeight Weight);

/// <summary>What a store says of the bytes of an object, or of one of its parts, as they were put.</summary>
/// <param name="All">Empty where it says nothing.</param>
/// <param name="Part">Null where the whole object was asked for, and where the store does not know parts.</param>
public sealed record StoredChecksums(IReadOnlyList<StoredChecksum> All, ObjectPart? Part)
{
    public static StoredChecksums None { get; } = new([], Part: null);
}

/// <summary>One of the parts in which an object was uploaded.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Count">How many parts the object has.</param>
public readonly record struct ObjectPart(long Size, int Count);
