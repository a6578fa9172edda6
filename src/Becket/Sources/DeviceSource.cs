using Becket.Nbd;
using Becket.Objects.S3;

namespace Becket.Sources;

/// <summary>
/// Where a device's bytes come from, as the user wrote it: <c>s3://bucket/key</c>, a URL, a path. Only parsed here;
/// <see cref="DeviceStack"/> opens it.
/// </summary>
internal abstract record DeviceSource
{
    private DeviceSource()
    {
    }

    /// <summary>An object in an S3 store.</summary>
    public sealed record S3(S3Uri Uri) : DeviceSource
    {
        public override string ToString() => Uri.ToString();
    }

    /// <summary>A file behind an HTTP(S) server that understands ranges.</summary>
    public sealed record Http(Uri Url) : DeviceSource
    {
        /// <summary>Without user, password and query: those may be secrets.</summary>
        public override string ToString() => $"{Url.Scheme}://{Url.Authority}{Url.AbsolutePath}";
    }

    /// <summary>A local file or block device.</summary>
    public sealed record LocalFile(string Path) : DeviceSource
    {
        public override string ToString() => Path;
    }

    /// <summary>An export of an NBD server; only <c>becket info</c> takes one.</summary>
    public sealed record Nbd(NbdUri Uri) : DeviceSource
    {
        public override string ToString() => Uri.ToString();
    }

    /// <exception cref="CommandException">The text is none of these.</exception>
    public static DeviceSource Parse(string text)
    {
        // An option that does not exist ends up among the words.
        if (text.Length > 1 && text[0] == '-')
            throw CommandException.Usage($"unknown option '{text}'; --help lists the options (a file of that name is ./{text})");

        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            return text.Length > 0
                ? new LocalFile(text)
                : throw CommandException.Usage("the source is empty; name an object (s3://bucket/key), a URL or a file");
        }

        try
        {
            return text[..scheme].ToLowerInvariant() switch
            {
                "s3" => new S3(S3Uri.Parse(text)),
                "http" or "https" => new Http(ParseUrl(text)),
                "file" when Uri.TryCreate(text, UriKind.Absolute, out var url) => new LocalFile(url.LocalPath),
                "nbd" or "nbd+unix" or "nbds" or "nbds+unix" => new Nbd(NbdUri.Parse(text)),
                var other => throw CommandException.Usage(
                    $"'{other}://' is not a kind of source that becket knows; it reads s3://, https://, http:// and files"),
            };
        }
        catch (FormatException e)
        {
            throw CommandException.Usage(e.Message);
        }
    }

    /// <summary>User, password and query are left out, wherever they stand in what could not be understood.</summary>
    private static string WithoutSecrets(string text)
    {
        var address = text.Split('?', '#')[0];
        var start = address.IndexOf("://", StringComparison.Ordinal) + 3;
        var at = address.LastIndexOf('@');
        return at < start ? address : address[..start] + address[(at + 1)..];
    }

    /// <summary>
    /// A presigned URL is signed over these very characters, so they are kept as they are; unless there are some that no
    /// URL may hold (blanks, letters with accents, a fragment), which somebody typed and wants to be escaped.
    /// </summary>
    private static Uri ParseUrl(string text)
    {
        var isProper = text.All(character => character is > ' ' and < '\u007f' and not '#');
        return Uri.TryCreate(text, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = isProper }, out var url)
            ? url
            : throw CommandException.Usage($"this is not a valid URL: {WithoutSecrets(text)}");
    }
}
