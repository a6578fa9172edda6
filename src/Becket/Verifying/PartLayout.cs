namespace Becket.Verifying;

/// <summary>Where the parts of an object end. Known from the store or the user, or guessed.</summary>
internal sealed class PartLayout
{
    private const long Mebi = 1 << 20;

    /// <summary>More guesses are not worth their MD5s.</summary>
    private const int MostGuesses = 6;

    /// <summary>
    /// What tools upload in unless told otherwise: the AWS CLI and boto 8, SDKs and rclone 5, s3cmd 15, MinIO's 16 and 64, Hadoop's 64 ...
    /// </summary>
    private static readonly long[] Usual = [8, 5, 16, 15, 64, 32, 10, 100, 128, 50, 20, 25, 256, 512, 1024];

    private readonly IReadOnlyList<long>? _sizes;
    private readonly long _uniform;

    private PartLayout(IReadOnlyList<long>? sizes, long uniform) => (_sizes, _uniform) = (sizes, uniform);

    /// <summary>The size of every part but the last; null where they are listed.</summary>
    public long? Uniform => _sizes is null ? _uniform : null;

    public static PartLayout Listed(IReadOnlyList<long> sizes) => new(sizes, uniform: 0);

    public static PartLayout OfSize(long partSize) => new(sizes: null, partSize);

    /// <summary>Bytes in a part, counted from 0, of an object that is long enough.</summary>
    public long SizeOf(int part) => _sizes is null ? _uniform : part < _sizes.Count ? _sizes[part] : long.MaxValue;

    /// <summary>
    /// Equal sizes that would cut an object of <paramref name="size"/> bytes into so many parts: the usual ones first, then other
    /// whole mebibytes, then what is left when the object was cut evenly.
    /// </summary>
    public static IReadOnlyList<PartLayout> Guess(long size, int parts)
    {
        var even = (size + parts - 1) / parts;
        if (parts == 1)
            return [OfSize(size)];
        var firstWhole = (even + Mebi - 1) / Mebi;
        return
        [
            .. Usual.Concat(Range(firstWhole, MostGuesses)).Select(static mebi => mebi * Mebi).Append(even)
                .Where(candidate => (size + candidate - 1) / candidate == parts)
                .Distinct().Take(MostGuesses).Select(OfSize),
        ];
    }

    private static IEnumerable<long> Range(long from, int count)
    {
        for (var i = 0; i < count; i++)
            yield return from + i;
    }
}
