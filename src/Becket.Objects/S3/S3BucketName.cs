using System.Buffers;
using System.Net;

namespace Becket.Objects.S3;

/// <summary>
/// What a bucket may be called. AWS asks for names that fit in DNS; Ceph and older stores take more, so such names are
/// accepted too, but never put in front of a host name.
/// </summary>
public static class S3BucketName
{
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:"); // Ceph: tenant:bucket

    private static readonly SearchValues<char> DnsAllowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");

    public static bool IsValid(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= 255 && !name.ContainsAnyExcept(Allowed) && name is not ("." or "..");

    /// <summary>Whether the name can be the first labels of a host name (AWS, "Bucket naming rules").</summary>
    public static bool IsDnsCompatible(string name) =>
        name.Length is >= 3 and <= 63
        && !name.AsSpan().ContainsAnyExcept(DnsAllowed)
        && char.IsAsciiLetterOrDigit(name[0])
        && char.IsAsciiLetterOrDigit(name[^1])
        && !name.Contains("..", StringComparison.Ordinal)
        && !name.Contains(".-", StringComparison.Ordinal)
        && !name.Contains("-.", StringComparison.Ordinal)
        && !IPAddress.TryParse(name, out _);
}
