using System.Text;

namespace Becket.DevS3.Storage;

/// <summary>Which keys a page of a listing shall hold.</summary>
internal sealed record ListQuery
{
    public string Prefix { get; init; } = "";

    /// <summary>Where keys are cut off after the prefix and rolled up; empty: nowhere.</summary>
    public string Delimiter { get; init; } = "";

    public int MaximumItems { get; init; } = 1000;

    public ListPosition From { get; init; }
}

/// <summary>
/// Where a page starts: after this key, or after everything that starts with it where it was the last common prefix of
/// the page before.
/// </summary>
internal readonly record struct ListPosition(string? After, bool SkipsPrefix)
{
    /// <summary>The position as a token that clients hand back untouched.</summary>
    public string ToToken() => Convert.ToBase64String(Encoding.UTF8.GetBytes((SkipsPrefix ? "p" : "k") + After));

    /// <summary>False: it is no token of ours.</summary>
    public static bool TryParseToken(string token, out ListPosition position)
    {
        position = default;
        byte[] bytes = new byte[token.Length];
        if (!Convert.TryFromBase64String(token, bytes, out int length) || length == 0 || bytes[0] is not ((byte)'p' or (byte)'k'))
            return false;
        position = new ListPosition(Encoding.UTF8.GetString(bytes, 1, length - 1), bytes[0] == (byte)'p');
        return true;
    }
}

/// <summary>
/// A page of a listing: keys and common prefixes, together at most as many as asked for, each prefix once and counted as
/// one. Made from the keys in S3's order. (Amazon S3 API Reference, "ListObjectsV2".)
/// </summary>
internal sealed class ListPage
{
    public List<string> Keys { get; } = [];

    public List<string> CommonPrefixes { get; } = [];

    /// <summary>Where the next page starts; null after the last.</summary>
    public ListPosition? Next { get; private set; }

    /// <param name="keys">In S3's order; those before the start of the page may be among them.</param>
    /// <param name="query">What to keep of them.</param>
    public static ListPage From(IEnumerable<string> keys, ListQuery query)
    {
        var page = new ListPage();
        string after = query.From.After ?? "";
        ListPosition last = query.From;
        foreach (string key in keys)
        {
            if (!key.StartsWith(query.Prefix, StringComparison.Ordinal) || Utf8Order.Instance.Compare(key, after) <= 0)
                continue;
            if (last.SkipsPrefix && key.StartsWith(last.After!, StringComparison.Ordinal))
                continue;

            if (page.Keys.Count + page.CommonPrefixes.Count == query.MaximumItems)
            {
                // With a maximum of nothing S3 says that nothing is left.
                page.Next = query.MaximumItems == 0 ? null : last;
                break;
            }

            int delimiter = query.Delimiter.Length == 0 ? -1 : key.IndexOf(query.Delimiter, query.Prefix.Length, StringComparison.Ordinal);
            if (delimiter < 0)
            {
                page.Keys.Add(key);
                last = new ListPosition(key, SkipsPrefix: false);
            }
            else
            {
                string prefix = key[..(delimiter + query.Delimiter.Length)];
                page.CommonPrefixes.Add(prefix);
                last = new ListPosition(prefix, SkipsPrefix: true);
            }
        }
        return page;
    }
}
