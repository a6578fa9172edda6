namespace Becket.Mounting;

/// <summary>What a device or a partition holds, as blkid(8) tells it.</summary>
internal sealed record Contents
{
    /// <summary>Such as <c>/dev/nbd0p2</c>.</summary>
    public required string Device { get; init; }

    /// <summary>The partition's number; null for the whole device.</summary>
    public int? Partition { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Such as <c>ext4</c>, <c>crypto_LUKS</c>; null where nothing was recognised.</summary>
    public string? Type { get; init; }

    public string? Label { get; init; }

    /// <summary>What the type is for: <c>filesystem</c>, <c>crypto</c>, <c>raid</c>, <c>other</c>.</summary>
    public string? Usage { get; init; }

    /// <summary>The kind of partition table: <c>gpt</c>, <c>dos</c>.</summary>
    public string? PartitionTable { get; init; }

    public bool IsFileSystem => Usage == "filesystem";

    /// <summary>How it is chosen in a source: <c>#2</c>.</summary>
    public string Choice => Partition is { } number ? $"#{number}" : "the whole device";

    /// <summary>One line for people: size, type, label.</summary>
    public override string ToString() =>
        string.Join(
            ' ',
            ((string?[])[Choice, ByteCount.Format(Size), Type ?? "nothing that is known", Label is null ? null : $"\"{Label}\""])
                .OfType<string>());
}
