namespace Becket.DevS3.Storage;

/// <summary>
/// The keys of a bucket in S3's order, found while they are asked for. Folders that cannot hold a wanted key are not
/// entered. Links to files are followed; links to folders inside a bucket are not, because they may go round in circles.
/// </summary>
internal static class KeyWalk
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };

    /// <param name="bucketPath">The bucket's folder.</param>
    /// <param name="prefix">What the keys start with.</param>
    /// <param name="after">Only keys after this one; the empty text for all.</param>
    public static IEnumerable<string> Keys(string bucketPath, string prefix, string after) =>
        Walk(new DirectoryInfo(bucketPath), "", prefix, after);

    private static IEnumerable<string> Walk(DirectoryInfo folder, string folderKey, string prefix, string after)
    {
        // A folder sorts as its keys do, with the slash: "a.txt" comes before "a/b".
        var entries = new List<(string Key, DirectoryInfo? Folder)>();
        foreach (FileSystemInfo entry in Entries(folder))
        {
            string key = folderKey + KeyPath.SegmentOf(entry.Name);
            if (entry is not DirectoryInfo inner)
                entries.Add((key, null));
            else if (inner.LinkTarget is null)
                entries.Add((key + "/", inner));
        }
        entries.Sort(static (a, b) => Utf8Order.Instance.Compare(a.Key, b.Key));

        foreach ((string key, DirectoryInfo? inner) in entries)
        {
            bool isAfter = Utf8Order.Instance.Compare(key, after) > 0;
            bool hasPrefix = key.StartsWith(prefix, StringComparison.Ordinal);
            if (inner is null)
            {
                if (isAfter && hasPrefix)
                    yield return key;
            }
            else if ((isAfter || after.StartsWith(key, StringComparison.Ordinal))
                && (hasPrefix || prefix.StartsWith(key, StringComparison.Ordinal)))
            {
                foreach (string innerKey in Walk(inner, key, prefix, after))
                    yield return innerKey;
            }
        }
    }

    private static FileSystemInfo[] Entries(DirectoryInfo folder)
    {
        try
        {
            return folder.GetFileSystemInfos("*", Everything);
        }
        catch (DirectoryNotFoundException)
        {
            return []; // its last object was deleted while we walked
        }
    }
}
