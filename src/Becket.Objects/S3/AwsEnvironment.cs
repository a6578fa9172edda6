namespace Becket.Objects.S3;

/// <summary>
/// Looks settings up where the AWS tools keep them. Variables: AWS_PROFILE, AWS_REGION, AWS_DEFAULT_REGION,
/// AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_CA_BUNDLE, AWS_CONFIG_FILE,
/// AWS_SHARED_CREDENTIALS_FILE. Profile: region, endpoint_url, services, ca_bundle, s3.addressing_style.
/// </summary>
public static class AwsEnvironment
{
    /// <summary>Completes <paramref name="given"/>; a variable that is empty counts as not set.</summary>
    /// <param name="given">What the command line says.</param>
    /// <param name="variable">Reads an environment variable, null where it is not set.</param>
    /// <exception cref="ObjectStoreException"><see cref="ObjectStoreError.NoCredentials"/>: there is no such profile.</exception>
    public static AwsSettings Resolve(AwsSettings given, Func<string, string?> variable)
    {
        string? Variable(string name) => variable(name) is { Length: > 0 } value ? value : null;

        var file = AwsConfigFile.Read(ConfigPath(variable), CredentialsPath(variable));
        if (given.Profile is not null && !file.Profiles.Contains(given.Profile))
            throw NoProfile(given.Profile, file, variable);

        var profile = given.Profile ?? ProfileName(variable);
        var ignoresEndpoints = IsTrue(
            Variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ?? file.OfProfile(profile, "ignore_configured_endpoint_urls"));
        var configuredEndpoint = ignoresEndpoints
            ? null
            : Variable("AWS_ENDPOINT_URL_S3") ?? Variable("AWS_ENDPOINT_URL")
                ?? file.OfServices(profile, "endpoint_url") ?? file.OfProfile(profile, "endpoint_url");
        return given with
        {
            Region = given.Region ?? Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION") ?? file.OfProfile(profile, "region"),
            EndpointUrl = given.EndpointUrl ?? configuredEndpoint,
            CaBundle = given.CaBundle ?? Variable("AWS_CA_BUNDLE") ?? file.OfProfile(profile, "ca_bundle"),
            Addressing = given.Addressing is not S3Addressing.Auto
                ? given.Addressing
                : file.OfProfile(profile, "s3.addressing_style") switch
                {
                    "path" => S3Addressing.Path,
                    "virtual" => S3Addressing.VirtualHost,
                    _ => S3Addressing.Auto,
                },
        };
    }

    /// <summary>Parses the URL of a store.</summary>
    /// <exception cref="ObjectStoreException"><see cref="ObjectStoreError.Invalid"/>: it is not one.</exception>
    public static Uri ParseEndpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0
            ? url
            : throw new ObjectStoreException(
                ObjectStoreError.Invalid,
                $"'{text}' is not the URL of a store; write for instance http://rgw:7480 (--endpoint-url or AWS_ENDPOINT_URL)");

    /// <summary>The profile that counts where none was asked for.</summary>
    internal static string ProfileName(Func<string, string?> variable) =>
        variable("AWS_PROFILE") is { Length: > 0 } name ? name : "default";

    internal static string ConfigPath(Func<string, string?> variable) => PathOf(variable, "AWS_CONFIG_FILE", "config");

    internal static string CredentialsPath(Func<string, string?> variable) =>
        PathOf(variable, "AWS_SHARED_CREDENTIALS_FILE", "credentials");

    internal static ObjectStoreException NoProfile(string profile, AwsConfigFile file, Func<string, string?> variable) => new(
        ObjectStoreError.NoCredentials,
        $"there is no profile '{profile}' in {ConfigPath(variable)} or {CredentialsPath(variable)}"
        + (file.Profiles.Count > 0 ? $"; they have: {string.Join(", ", file.Profiles)}" : ""));

    private static string PathOf(Func<string, string?> variable, string name, string file) =>
        variable(name) is { Length: > 0 } path ? path : Path.Combine(variable("HOME") ?? "", ".aws", file);

    private static bool IsTrue(string? text) => string.Equals(text, "true", StringComparison.OrdinalIgnoreCase);
}
