using Becket.Objects.S3;

namespace Becket.Sources;

/// <summary>
/// The words of nbdkit's S3 plugin, <c>bucket=B key=K access_key=A ...</c>, so that its command lines work unchanged
/// (nbdkit-S3-plugin(1)). Parsed from the same positional words that otherwise hold one source.
/// </summary>
internal sealed record NbdkitParameters
{
    private static readonly string[] Known = ["access_key", "secret_key", "session_token", "endpoint_url", "bucket", "key"];

    public string? AccessKey { get; private init; }

    public SecretWord? SecretKey { get; private init; }

    public SecretWord? SessionToken { get; private init; }

    public string? EndpointUrl { get; private init; }

    public S3Uri? Object { get; private init; }

    /// <summary>Whether a secret stood on the command line, where <c>ps</c> shows it to every user of the machine.</summary>
    public bool HasSecret => SecretKey is { WasShown: true } || SessionToken is { WasShown: true };

    /// <summary>A file with a secret that others than its owner may read; null where there is none.</summary>
    public string? OpenSecretFile => SecretKey?.OpenFile ?? SessionToken?.OpenFile;

    /// <summary>The keys that were given, or null where there were none.</summary>
    public S3Credentials? Credentials => (AccessKey, SecretKey) switch
    {
        (null, null) => null,
        ({ } accessKey, { } secretKey) => new S3Credentials(accessKey, secretKey.Value, SessionToken?.Value),
        (null, _) => throw CommandException.Usage("secret_key= was given without access_key="),
        (_, null) => throw CommandException.Usage("access_key= was given without secret_key="),
    };

    /// <summary>Whether a positional word is meant as a parameter. <c>./a=b.img</c> and <c>s3://b/k=v</c> are not.</summary>
    public static bool IsParameter(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && word.AsSpan(0, equals).IndexOfAnyExcept(ParameterCharacters) < 0;
    }

    /// <exception cref="CommandException">An unknown, repeated or missing parameter.</exception>
    public static NbdkitParameters Parse(IEnumerable<string> words)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in words)
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var name = word[..equals].Replace('-', '_');
            if (!Known.Contains(name))
            {
                throw CommandException.Usage(
                    $"unknown parameter '{word[..equals]}='; known are {string.Join(", ", Known)} "
                    + $"(a file of that name is ./{word[..equals]}=...)");
            }
            if (!values.TryAdd(name, word[(equals + 1)..]))
                throw CommandException.Usage($"parameter '{name}=' was given twice");
        }

        var bucket = values.GetValueOrDefault("bucket");
        var key = values.GetValueOrDefault("key");
        if (string.IsNullOrEmpty(bucket) != string.IsNullOrEmpty(key) || (bucket is not null && key is { Length: 0 }))
        {
            throw CommandException.Usage(string.IsNullOrEmpty(bucket)
                ? "key= was given without bucket="
                : "bucket= was given without key=, the name of the object");
        }

        return new NbdkitParameters
        {
            AccessKey = values.GetValueOrDefault("access_key"),
            SecretKey = Secret("secret_key"),
            SessionToken = Secret("session_token"),
            EndpointUrl = values.GetValueOrDefault("endpoint_url"),
            Object = bucket is null ? null : new S3Uri(bucket, key!, VersionId: null),
        };

        SecretWord? Secret(string name) => values.TryGetValue(name, out var word) ? SecretWord.Read(name, word) : null;
    }

    private static readonly System.Buffers.SearchValues<char> ParameterCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
}
