using System.Buffers;
using System.Globalization;
using Amazon;
using Becket.Objects.S3.Signing;

namespace Becket.Objects.S3;

/// <summary>A path and a query of a store, encoded once: signed, and sent, exactly like this.</summary>
internal sealed record S3Resource(Uri Uri, string Path, string Query);

/// <summary>
/// Where requests for a bucket go: scheme, host, path and region. Immutable; a region learnt later makes another one.
/// </summary>
internal sealed class S3Location
{
    public const string DefaultRegion = "us-east-1";

    private static readonly SearchValues<char> RegionChars =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly string _bucketPath;
    private volatile CachedResource? _lastObject;

    private S3Location(string region, string scheme, string host, string bucketPath) =>
        (Region, Host, Endpoint, _bucketPath) = (region, host, $"{scheme}://{host}", bucketPath);

    /// <summary>What signatures name.</summary>
    public string Region { get; }

    /// <summary>The <c>Host</c> header: with the port where it is not the scheme's own.</summary>
    public string Host { get; }

    /// <summary>Scheme and host, for messages.</summary>
    public string Endpoint { get; }

    /// <exception cref="ObjectStoreException"><see cref="ObjectStoreError.Invalid"/>: the options do not fit together.</exception>
    public static S3Location Resolve(S3Options options, string region)
    {
        if (!S3BucketName.IsValid(options.Bucket))
            throw Invalid($"'{options.Bucket}' cannot be a bucket's name: letters, digits, '.', '-' and '_' only");
        if (!IsRegion(region))
            throw Invalid($"'{region}' cannot be a region's name; see --region");

        var endpoint = options.EndpointUrl ?? AwsEndpoint(region);
        if (!endpoint.IsAbsoluteUri || endpoint.Scheme is not ("http" or "https") || endpoint.Query.Length > 0
            || endpoint.Fragment.Length > 0 || endpoint.UserInfo.Length > 0)
            throw Invalid("the endpoint must be a plain http or https URL, such as http://rgw:7480; see --endpoint-url");
        if (options.CustomerKey is not null && endpoint.Scheme == "http" && !endpoint.IsLoopback)
            throw Invalid("an SSE-C key is only sent over https; give --endpoint-url an https URL");

        var host = endpoint.HostNameType == UriHostNameType.IPv6 ? endpoint.Host : endpoint.IdnHost;
        var path = endpoint.AbsolutePath.TrimEnd('/');
        if (IsVirtualHost(options, endpoint))
            host = $"{options.Bucket}.{host}";
        else
            path = $"{path}/{S3UriEncoding.EncodeKey(options.Bucket)}";
        if (!endpoint.IsDefaultPort)
            host = string.Create(CultureInfo.InvariantCulture, $"{host}:{endpoint.Port}");
        return new S3Location(region, endpoint.Scheme, host, path);
    }

    /// <summary>Whether a text can be a region; one from a store's answer must not smuggle anything into a host name.</summary>
    public static bool IsRegion(string text) => text.Length is > 0 and <= 64 && !text.AsSpan().ContainsAnyExcept(RegionChars);

    /// <summary>An object, or one version of it. The last one is kept: a device asks for the same one all its life.</summary>
    public S3Resource Object(string key, string? versionId)
    {
        var last = _lastObject;
        if (last is not null && last.Key == key && last.VersionId == versionId)
            return last.Resource;

        var query = versionId is null ? "" : "versionId=" + S3UriEncoding.EncodeQuery(versionId);
        var resource = Make($"{_bucketPath}/{S3UriEncoding.EncodeKey(key)}", query);
        _lastObject = new CachedResource(key, versionId, resource);
        return resource;
    }

    /// <summary>An object, or one part of it.</summary>
    public S3Resource Object(string key, string? versionId, int? partNumber)
    {
        if (partNumber is not { } part)
            return Object(key, versionId);
        // Sorted by name, as the signature wants it.
        var query = string.Create(CultureInfo.InvariantCulture, $"partNumber={part}")
            + (versionId is null ? "" : "&versionId=" + S3UriEncoding.EncodeQuery(versionId));
        return Make($"{_bucketPath}/{S3UriEncoding.EncodeKey(key)}", query);
    }

    /// <summary>The bucket itself.</summary>
    /// <param name="query">Encoded, and sorted by name.</param>
    public S3Resource Bucket(string query) => Make(_bucketPath.Length == 0 ? "/" : _bucketPath, query);

    // System.Uri must leave paths alone: in a key, "..", "//" and "%2F" are ordinary characters.
    private S3Resource Make(string path, string query) =>
        new(new Uri(query.Length == 0 ? Endpoint + path : $"{Endpoint}{path}?{query}", Verbatim), path, query);

    private static bool IsVirtualHost(S3Options options, Uri endpoint)
    {
        var isName = endpoint.HostNameType == UriHostNameType.Dns;
        return options.Addressing switch
        {
            S3Addressing.Path => false,
            S3Addressing.VirtualHost when !isName =>
                throw Invalid(
                    $"a bucket's name cannot stand before the address {endpoint.Host}; "
                    + "use path style for this endpoint (--s3-addressing path)"),
            S3Addressing.VirtualHost when !S3BucketName.IsDnsCompatible(options.Bucket) =>
                throw Invalid($"the bucket's name '{options.Bucket}' does not fit in a host name; use path style (--s3-addressing path)"),
            S3Addressing.VirtualHost => true,

            // A certificate for *.s3.amazonaws.com covers one label, so a name with dots would fail under https.
            _ => options.EndpointUrl is null && S3BucketName.IsDnsCompatible(options.Bucket)
                && !options.Bucket.Contains('.', StringComparison.Ordinal),
        };
    }

    private static Uri AwsEndpoint(string region)
    {
        if (region.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-'))
            throw Invalid($"'{region}' is not a region of AWS; give --region, or --endpoint-url for another store");
        return new Uri($"https://s3.{region}.{RegionEndpoint.GetBySystemName(region).PartitionDnsSuffix}");
    }

    private static ObjectStoreException Invalid(string message) => new(ObjectStoreError.Invalid, message);

    private sealed record CachedResource(string Key, string? VersionId, S3Resource Resource);
}
