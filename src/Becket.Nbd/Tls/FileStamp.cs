namespace Becket.Nbd.Tls;

/// <summary>What tells one content of a file from the next without reading it: when it was written and how long it is.</summary>
/// <remarks>Taken of the file itself and not of a link to it: certificates are often replaced by turning a link.</remarks>
internal readonly record struct FileStamp(DateTime Written, long Length)
{
    /// <summary>Default where there is no such file, or none that may be read.</summary>
    public static FileStamp Of(string? path)
    {
        try
        {
            if (path is null)
                return default;

            using var file = File.OpenHandle(path);
            return new FileStamp(File.GetLastWriteTimeUtc(file), RandomAccess.GetLength(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return default;
        }
    }
}
