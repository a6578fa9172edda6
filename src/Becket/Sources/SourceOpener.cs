using Becket.Blocks;
using Becket.Blocks.Sources;
using Becket.Objects;
using Becket.Objects.Http;
using Becket.Objects.S3;
using Becket.Volumes;
using Microsoft.Extensions.Logging;

namespace Becket.Sources;

/// <summary>
/// Opens sources: finds credentials and endpoint, connects, pins the object. Owns the connections that all its devices
/// share, so it is disposed after them.
/// </summary>
internal sealed class SourceOpener(StoreSettings settings, ILoggerFactory loggers) : IDisposable
{
    private readonly AwsSettings _aws = AwsEnvironment.Resolve(settings.Aws, Environment.GetEnvironmentVariable);
    private readonly List<IDisposable> _credentialChains = [];
    private readonly List<OpenedStore> _stores = [];
    private HttpMessageInvoker? _http;

    /// <summary>For who serves: ready before the first client comes, about as many as its first reads use at once.</summary>
    public const int WarmToServe = 8;

    /// <summary>Connections that are made ready when a store's object is opened; none for who only looks.</summary>
    public int WarmConnections { get; init; }

    /// <summary>How long a read may take, with all its retries, before it fails.</summary>
    public TimeSpan ReadDeadline { get; init; } = new RetryPolicy().Deadline;

    /// <summary>The counting layers of the stores that were opened, one for each device that comes from a store.</summary>
    public IReadOnlyList<OpenedStore> Stores => _stores;

    /// <summary>Where its devices' layers log.</summary>
    public ILoggerFactory Loggers => loggers;

    private HttpMessageInvoker Http => _http ??= HttpTransport.Create(new HttpTransportOptions { CaBundle = _aws.CaBundle });

    /// <exception cref="ObjectStoreException">The object cannot be opened.</exception>
    /// <exception cref="BlockDeviceException">The file cannot be opened.</exception>
    public async ValueTask<IBlockDevice> OpenAsync(DeviceSource source, FileAccess access, CancellationToken cancellationToken)
    {
        if (access != FileAccess.Read && source is not DeviceSource.LocalFile)
            throw CommandException.Usage($"--writable works for local files; {source} can only be read");

        return source switch
        {
            DeviceSource.LocalFile file => OpenFile(file.Path, access),
            DeviceSource.Http http => await OpenAsync(http, cancellationToken),
            DeviceSource.S3 s3 => await OpenAsync(s3, cancellationToken),
            _ => throw CommandException.Usage($"{source} is served already; point the client at it"),
        };
    }

    /// <summary>Where a source is, in words for people.</summary>
    public string DescribeStore(DeviceSource source) => source switch
    {
        DeviceSource.S3 => _aws.EndpointUrl is { } endpoint ? $"S3 at {endpoint}" : "AWS S3",
        DeviceSource.Http http => $"web server {http.Url.Host}",
        _ => "local file",
    };

    /// <summary>
    /// The server and bucket that a source's key counts in, for caches that outlive this process: one place, one text. The
    /// query of a URL is left out, as a presigned one has another each time.
    /// </summary>
    public string? PlaceOf(DeviceSource source) => source switch
    {
        DeviceSource.S3 s3 => $"{_aws.EndpointUrl?.TrimEnd('/') ?? "aws"} {s3.Uri.Bucket}",
        DeviceSource.Http http => $"{http.Url.Scheme}://{http.Url.Authority}",
        _ => null,
    };

    public void Dispose()
    {
        _http?.Dispose();
        foreach (var chain in _credentialChains)
            chain.Dispose();
    }

    private static FileDevice OpenFile(string path, FileAccess access)
    {
        var device = FileDevice.Open(path, access);
        return device.Info.Size > 0
            ? device
            : throw new CommandException(
                $"{path} is empty, and a disk of no bytes is of no use; 'truncate -s SIZE {path}' gives it a size");
    }

    private async ValueTask<IBlockDevice> OpenAsync(DeviceSource.Http source, CancellationToken cancellationToken)
    {
        var store = new HttpObjectStore(source.Url, Http, loggers.CreateLogger<HttpObjectStore>());
        return await ObjectDevice.OpenAsync(Stack(store), store.Key, versionId: null, cancellationToken);
    }

    private async ValueTask<IBlockDevice> OpenAsync(DeviceSource.S3 source, CancellationToken cancellationToken)
    {
        var options = new S3Options
        {
            Bucket = source.Uri.Bucket,
            EndpointUrl = _aws.EndpointUrl is null ? null : AwsEnvironment.ParseEndpoint(_aws.EndpointUrl),
            Region = _aws.Region,
            Addressing = _aws.Addressing,
            RequesterPays = settings.RequesterPays,
            CustomerKey = settings.CustomerKeyFile is null ? null : S3CustomerKey.ReadFile(settings.CustomerKeyFile),
        };
        var store = new S3ObjectStore(options, FindCredentials(), Http, TimeProvider.System, loggers.CreateLogger<S3ObjectStore>());
        return await ObjectDevice.OpenAsync(Stack(store), source.Uri.Key, source.Uri.VersionId, cancellationToken);
    }

    private IS3CredentialSource FindCredentials()
    {
        if (settings.NoSignRequest)
            return new AnonymousCredentials();
        if (settings.Credentials is { } given)
            return new FixedCredentials(given);

        var chain = new AwsCredentialChain(_aws.Profile, TimeProvider.System, loggers.CreateLogger<AwsCredentialChain>());
        _credentialChains.Add(chain);
        return chain;
    }

    /// <summary>The layers over a store that sends, bottom up.</summary>
    private RetryingObjectStore Stack(IObjectStore sender)
    {
        var metered = new MeteredObjectStore(sender, TimeProvider.System);
        var warming = new WarmingObjectStore(metered, WarmConnections);
        var hedging = new HedgingObjectStore(warming, new HedgePolicy(), TimeProvider.System);
        _stores.Add(new OpenedStore(metered, hedging));
        return new RetryingObjectStore(
            hedging, RetryPolicy.Within(ReadDeadline), TimeProvider.System, loggers.CreateLogger<RetryingObjectStore>());
    }
}
