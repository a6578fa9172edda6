namespace Becket.Objects.S3;

/// <summary>The two files; they name their profiles differently.</summary>
internal enum AwsFile
{
    Config,
    Credentials,
}

/// <summary>
/// The settings in <c>~/.aws/config</c> and <c>~/.aws/credentials</c> that are not credentials: region, endpoint, CA
/// bundle, addressing. Credentials are the AWS SDK's to read from the same files; it does not hand out these.
/// </summary>
/// <remarks>
/// <code>
/// [profile lab]                       also [default]; in the credentials file without "profile"
/// region = default
/// services = mine
/// s3 =                                a nested block: its lines are indented
///   addressing_style = path
/// [services mine]
/// s3 =
///   endpoint_url = http://rgw:7480
/// </code>
/// </remarks>
internal sealed class AwsConfigFile
{
    private readonly Dictionary<(string Section, string Name), string> _settings = [];
    private readonly SortedSet<string> _profiles = new(StringComparer.Ordinal);

    /// <summary>The profiles that the files name.</summary>
    public IReadOnlySet<string> Profiles => _profiles;

    /// <summary>Reads both files; one that does not exist is empty, as the AWS tools have it.</summary>
    public static AwsConfigFile Read(string configPath, string credentialsPath)
    {
        var file = new AwsConfigFile();
        file.Add(ReadLines(configPath), AwsFile.Config);
        file.Add(ReadLines(credentialsPath), AwsFile.Credentials);
        return file;
    }

    /// <summary>Adds the lines of one file; what an earlier file says counts.</summary>
    public void Add(IEnumerable<string> lines, AwsFile kind)
    {
        string? section = null, block = null;
        foreach (var line in lines)
        {
            var text = line.Trim();
            if (text.Length == 0 || text[0] is '#' or ';')
                continue;
            if (text[0] == '[')
            {
                section = SectionOf(text, kind);
                block = null;
                continue;
            }

            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (section is null || equals < 0)
                continue;
            var name = text[..equals].TrimEnd();
            var value = WithoutComment(text[(equals + 1)..].TrimStart());
            var isNested = block is not null && char.IsWhiteSpace(line[0]);
            _settings.TryAdd((section, isNested ? $"{block}.{name}" : name), value);
            if (!isNested)
                block = value.Length == 0 ? name : null;
        }
    }

    /// <summary>A setting of a profile; <c>s3.name</c> for one in its block <c>s3</c>.</summary>
    public string? OfProfile(string profile, string name) => Get("profile " + profile, name);

    /// <summary>A setting for S3 in the services section that a profile names.</summary>
    public string? OfServices(string profile, string name) =>
        OfProfile(profile, "services") is { } services ? Get("services " + services, "s3." + name) : null;

    private string? Get(string section, string name) =>
        _settings.GetValueOrDefault((section, name)) is { Length: > 0 } value ? value : null;

    private string? SectionOf(string header, AwsFile kind)
    {
        var words = header.Trim('[', ']').Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
        var profile = words switch
        {
            [var name] when kind == AwsFile.Credentials || name == "default" => name,
            ["profile", var name] => name.Trim(),
            _ => null,
        };
        if (profile is null)
            return words is ["services", var services] ? "services " + services.Trim() : null;
        _profiles.Add(profile);
        return "profile " + profile;
    }

    private static string WithoutComment(string value)
    {
        var comment = value.IndexOf(" #", StringComparison.Ordinal);
        return (comment < 0 ? value : value[..comment]).TrimEnd();
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ObjectStoreException(ObjectStoreError.NoCredentials, $"the AWS settings in '{path}' cannot be read: {e.Message}", e);
        }
    }
}
