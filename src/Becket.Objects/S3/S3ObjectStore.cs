using Becket.Objects.S3.Signing;
using Microsoft.Extensions.Logging;

namespace Becket.Objects.S3;

/// <summary>
/// A bucket in an S3 store: AWS, Ceph's gateway, MinIO, R2 and others. May be used from many threads at once. Each
/// request is signed anew and sent once, or a second time where the refusal says how to do it right (another region,
/// another clock, expired credentials); everything else is for whoever retries. Owns neither client nor credentials.
/// </summary>
public sealed partial class S3ObjectStore : IObjectStore
{
    private readonly S3Options _options;
    private readonly IS3CredentialSource _credentials;
    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RequestSigner _signer;
    private volatile S3Location _location;

    /// <param name="options">Which bucket, and where.</param>
    /// <param name="credentials">Asked before every request.</param>
    /// <param name="http">Must not follow redirects, and must hand out bodies as they are.</param>
    /// <param name="time">Dates signatures.</param>
    /// <param name="logger">Is told of what was learnt from the store.</param>
    /// <exception cref="ObjectStoreException"><see cref="ObjectStoreError.Invalid"/>: the options do not fit together.</exception>
    public S3ObjectStore(S3Options options, IS3CredentialSource credentials, HttpMessageInvoker http, TimeProvider time, ILogger logger)
    {
        (_options, _credentials, _http, _time, _logger) = (options, credentials, http, time, logger);
        _signer = new RequestSigner(time);
        _location = S3Location.Resolve(options, options.Region ?? S3Location.DefaultRegion);
        Name = S3Uri.Scheme + options.Bucket;
    }

    public string Name { get; }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string Subject(in S3Request request) =>
        request.Key is null ? Name : new S3Uri(_options.Bucket, request.Key, request.VersionId).ToString();
}
