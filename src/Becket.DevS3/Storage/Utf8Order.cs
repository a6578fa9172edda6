namespace Becket.DevS3.Storage;

/// <summary>
/// The order of keys in S3: by the bytes of their UTF-8. It differs from .NET's ordinal order, by UTF-16 units, for
/// characters above U+FFFF.
/// </summary>
internal sealed class Utf8Order : IComparer<string>
{
    public static readonly Utf8Order Instance = new();

    public int Compare(string? x, string? y)
    {
        ReadOnlySpan<char> a = x, b = y;
        int common = a.CommonPrefixLength(b);
        if (common == a.Length || common == b.Length)
            return a.Length.CompareTo(b.Length);
        return Rank(a[common]).CompareTo(Rank(b[common]));
    }

    /// <summary>Puts surrogates, which stand for characters above U+FFFF, after all other units.</summary>
    private static int Rank(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
}
