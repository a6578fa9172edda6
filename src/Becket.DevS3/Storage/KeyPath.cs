using System.Text;
using Becket.DevS3.Protocol;

namespace Becket.DevS3.Storage;

/// <summary>
/// The path of an object's file below its bucket's folder, and back. Every segment of a key is one file name; those that
/// a file system cannot hold (empty, <c>.</c>, <c>..</c>) are written with <c>%=</c> before them, and so are names that look written so
/// already. The mapping is one-to-one, and no key leaves the bucket's folder.
/// </summary>
internal static class KeyPath
{
    private const string Escape = "%=";
    private const int LongestName = 255; // NAME_MAX
    private const int LongestKey = 1024; // S3's own limit

    /// <exception cref="S3Exception">No file can have this key.</exception>
    public static string FromKey(string key)
    {
        if (Encoding.UTF8.GetByteCount(key) > LongestKey)
            throw S3Error.KeyTooLong.ToException();
        if (key.Contains('\0'))
            throw S3Error.InvalidArgument.Because("This endpoint keeps objects as files, and no file name can hold the character NUL");

        string[] names = key.Split('/');
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = NameOf(names[i]);
            if (Encoding.UTF8.GetByteCount(names[i]) > LongestName)
                throw S3Error.KeyTooLong.Because(
                    $"A part of the key between slashes is longer than {LongestName} bytes, as no file name can be");
        }
        return string.Join('/', names);
    }

    /// <summary>The segment of a key that a file or folder stands for.</summary>
    public static string SegmentOf(string name) =>
        name.StartsWith(Escape, StringComparison.Ordinal) && NeedsEscape(name[Escape.Length..]) ? name[Escape.Length..] : name;

    private static string NameOf(string segment) => NeedsEscape(segment) ? Escape + segment : segment;

    private static bool NeedsEscape(string segment) => segment is "" or "." or ".."
        || (segment.StartsWith(Escape, StringComparison.Ordinal) && NeedsEscape(segment[Escape.Length..]));
}
