using System.Net;
using Becket.Objects.Http;
using Becket.Objects.S3.Signing;
using Microsoft.Extensions.Logging;

namespace Becket.Objects.S3;

public sealed partial class S3ObjectStore
{
    private static readonly string UserAgent = HttpTransport.UserAgent.ToString();

    /// <summary>
    /// What a refusal taught us. Each is tried once for a request: a store that contradicts itself is not asked for ever.
    /// </summary>
    [Flags]
    private enum Corrections
    {
        None = 0,
        Region = 1,
        Clock = 2,
        Credentials = 4,
    }

    /// <summary>A store's answer: a response to use, which the receiver disposes, or a refusal that was read.</summary>
    private readonly record struct S3Answer(HttpResponseMessage? Accepted, S3Error? Refusal, S3Attempt Attempt)
    {
        public HttpResponseMessage Response => Accepted ?? throw Failure;

        public ObjectStoreException Failure => S3Failure.From(Refusal!, Attempt);
    }

    private async ValueTask<S3Answer> SendAsync(S3Request request, CancellationToken cancellationToken)
    {
        var corrected = Corrections.None;
        while (true)
        {
            var location = _location;
            var credentials = await _credentials.GetAsync(cancellationToken);
            var response = await TransmitAsync(request, location, credentials, cancellationToken);
            if (IsAnswer(response.StatusCode))
                return new S3Answer(response, Refusal: null, default);

            S3Error error;
            using (response)
                error = await S3Error.ReadAsync(response, _time, cancellationToken);
            var correction = await CorrectAsync(error, location, credentials, corrected, cancellationToken);
            if (correction == Corrections.None)
            {
                var attempt = new S3Attempt(request.Operation, Subject(request), _options.Bucket, location, credentials, _time.GetUtcNow());
                return new S3Answer(Accepted: null, error, attempt);
            }

            corrected |= correction;
        }
    }

    /// <remarks>The answers to a condition or a range that does not hold are the reader's to judge.</remarks>
    private static bool IsAnswer(HttpStatusCode status) =>
        status is >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices
            or HttpStatusCode.PreconditionFailed
            or HttpStatusCode.RequestedRangeNotSatisfiable;

    private async ValueTask<HttpResponseMessage> TransmitAsync(
        S3Request request, S3Location location, S3Credentials? credentials, CancellationToken cancellationToken)
    {
        using var message = Sign(request, location, credentials);
        try
        {
            return await _http.SendAsync(message, cancellationToken);
        }
        catch (Exception e) when (TransportFailure.Is(e, cancellationToken))
        {
            throw TransportFailure.From(e, Subject(request));
        }
    }

    private HttpRequestMessage Sign(in S3Request request, S3Location location, S3Credentials? credentials)
    {
        var resource = request.Key is { } key
            ? location.Object(key, request.VersionId, request.PartNumber)
            : location.Bucket(request.BucketQuery);
        var message = new HttpRequestMessage(request.Method, resource.Uri) { Content = request.Body?.ToContent() };

        var headers = new SignedHeaders();
        headers.Add("range", request.Range?.ToHeader());
        headers.Add("if-match", request.IfMatch);
        headers.Add("if-none-match", request.IfNoneMatch);
        headers.Add("x-amz-checksum-mode", request.ChecksumMode);
        headers.Add("x-amz-request-payer", _options.RequesterPays ? "requester" : null);
        if (request.TouchesBytes && _options.CustomerKey is { } customerKey)
        {
            headers.Add("x-amz-server-side-encryption-customer-algorithm", "AES256");
            headers.Add("x-amz-server-side-encryption-customer-key", customerKey.KeyBase64);
            headers.Add("x-amz-server-side-encryption-customer-key-md5", customerKey.Md5Base64);
        }

        if (credentials is not null)
        {
            // A GET has no body worth hashing; that of a PUT is signed, so that no byte changes on its way unnoticed.
            var payload = request.Body?.Sha256 ?? CanonicalRequest.UnsignedPayload;
            var timestamp = _signer.TimestampNow();
            headers.Add("x-amz-content-sha256", payload);
            headers.Add("x-amz-date", timestamp);
            headers.Add("x-amz-security-token", credentials.SessionToken);
            foreach (var header in headers.AsSpan())
                message.Headers.TryAddWithoutValidation(header.Name, header.Value);

            headers.Add("host", location.Host); // sent by the client itself
            var canonical = new CanonicalRequest
            {
                Method = request.Method.Method,
                Path = resource.Path,
                Query = resource.Query,
                Headers = headers.AsSpan(),
                PayloadHash = payload,
            };
            message.Headers.TryAddWithoutValidation("Authorization", _signer.Authorize(canonical, timestamp, credentials, location.Region));
        }
        else
        {
            foreach (var header in headers.AsSpan())
                message.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        message.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        return message;
    }

    private async ValueTask<Corrections> CorrectAsync(
        S3Error error, S3Location location, S3Credentials? credentials, Corrections corrected, CancellationToken cancellationToken)
    {
        if (error.Code == "RequestTimeTooSkewed" && error.ServerTime is { } theirs && !corrected.HasFlag(Corrections.Clock))
        {
            _signer.ClockOffset = theirs - _time.GetUtcNow();
            LogClock(_logger, location.Endpoint, _signer.ClockOffset.TotalSeconds);
            return Corrections.Clock;
        }

        if (IsAboutKeys(error) && credentials is not null && !corrected.HasFlag(Corrections.Credentials))
        {
            LogExpired(_logger, location.Endpoint, credentials);
            return await _credentials.RefreshAsync(credentials, cancellationToken) is { } fresh && fresh != credentials
                ? Corrections.Credentials
                : Corrections.None;
        }

        if (IsAboutRegion(error) && error.Region is { } region && region != location.Region && S3Location.IsRegion(region)
            && !corrected.HasFlag(Corrections.Region))
        {
            LogRegion(_logger, Name, location.Region, region);
            _location = S3Location.Resolve(_options, region);
            return Corrections.Region;
        }

        return Corrections.None;
    }

    /// <remarks>
    /// Keys that were replaced and then taken away are unknown, not expired; whoever did so has written new ones by then.
    /// </remarks>
    private static bool IsAboutKeys(S3Error error) =>
        error.Code is "ExpiredToken" or "TokenRefreshRequired" or "InvalidAccessKeyId" or "InvalidToken";

    private static bool IsAboutRegion(S3Error error) =>
        (int)error.Status is >= 300 and < 400 || error.Code == "AuthorizationHeaderMalformed"
        || (error.Status == HttpStatusCode.BadRequest && error.Code is null); // HEAD: nothing but the header tells

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Bucket} is in region {Region}, not {Assumed}; --region {Region} saves a request")]
    private static partial void LogRegion(ILogger logger, string bucket, string assumed, string region);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The clock of {Endpoint} differs from ours by {Seconds:0} s; signing by its clock from now on")]
    private static partial void LogClock(ILogger logger, string endpoint, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Endpoint} does not take {Credentials} any more; asking for new credentials")]
    private static partial void LogExpired(ILogger logger, string endpoint, S3Credentials credentials);
}
