using System.Globalization;
using Becket.DevS3.Protocol;

namespace Becket.DevS3.Signing;

/// <summary>The day, region and service that a signing key is good for.</summary>
internal readonly record struct CredentialScope(string Date, string Region, string Service)
{
    public override string ToString() => $"{Date}/{Region}/{Service}/aws4_request";
}

/// <summary>
/// What a signed request says of its own signature, in the Authorization header or in its query. Nothing of it has been
/// verified yet.
/// </summary>
internal sealed record SignatureClaim
{
    public const string Algorithm = "AWS4-HMAC-SHA256";

    public required string AccessKey { get; init; }

    public required CredentialScope Scope { get; init; }

    /// <summary>When it was signed, as it stands in the string to sign: <c>20130524T000000Z</c>.</summary>
    public required string Timestamp { get; init; }

    /// <summary>Lower-case names, in the order given.</summary>
    public required IReadOnlyList<string> SignedHeaders { get; init; }

    /// <summary>64 hexadecimal digits.</summary>
    public required string Signature { get; init; }

    /// <summary>The last line of the canonical request.</summary>
    public required string PayloadHash { get; init; }

    /// <summary>How long a presigned URL lives; null for a request signed in its header.</summary>
    public TimeSpan? Lifetime { get; init; }

    public string? SessionToken { get; init; }

    /// <exception cref="FormatException">It is no such timestamp.</exception>
    public DateTimeOffset SignedAt => DateTimeOffset.ParseExact(
        Timestamp, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    /// <summary>Finds the claim of a request; null for an anonymous one.</summary>
    /// <exception cref="S3Exception">It is there, but malformed or of a kind that is not supported.</exception>
    public static SignatureClaim? Of(S3Request request)
    {
        string? authorization = request.Header("Authorization");
        bool presigned = request.Query.Has("X-Amz-Algorithm") || request.Query.Has("X-Amz-Signature");
        if (authorization is not null && presigned)
            throw S3Error.InvalidArgument.Because("Only one auth mechanism allowed: the Authorization header or the query");
        if (authorization is not null)
            return FromHeader(request, authorization);
        return presigned ? FromQuery(request) : null;
    }

    private static SignatureClaim FromHeader(S3Request request, string authorization)
    {
        if (!authorization.StartsWith(Algorithm + " ", StringComparison.Ordinal))
            throw S3Error.InvalidRequest.Because($"The authorization mechanism you have provided is not supported; use {Algorithm}");

        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string field in authorization[Algorithm.Length..].Split(',', StringSplitOptions.TrimEntries))
        {
            int equals = field.IndexOf('=');
            if (equals > 0)
                fields[field[..equals]] = field[(equals + 1)..];
        }

        S3Error malformed = S3Error.AuthorizationHeaderMalformed;
        if (!fields.TryGetValue("Credential", out string? credential)
            || !fields.TryGetValue("SignedHeaders", out string? signedHeaders)
            || !fields.TryGetValue("Signature", out string? signature))
        {
            throw malformed.Because("The authorization header is malformed; it needs Credential, SignedHeaders and Signature.");
        }

        string payloadHash = request.Header("x-amz-content-sha256")
            ?? throw S3Error.InvalidRequest.Because("Missing required header for this request: x-amz-content-sha256");
        (string accessKey, CredentialScope scope) = ParseCredential(credential, malformed);
        return Checked(malformed, new SignatureClaim
        {
            AccessKey = accessKey,
            Scope = scope,
            Timestamp = HeaderTimestamp(request),
            SignedHeaders = signedHeaders.Split(';'),
            Signature = signature,
            PayloadHash = payloadHash,
            SessionToken = request.Header("x-amz-security-token"),
        });
    }

    private static SignatureClaim FromQuery(S3Request request)
    {
        S3Error malformed = S3Error.AuthorizationQueryParametersError;
        string Parameter(string name) => request.Query[name] is { Length: > 0 } value
            ? value
            : throw malformed.Because($"Query-string authentication requires the {name} parameter.");

        if (Parameter("X-Amz-Algorithm") != Algorithm)
            throw malformed.Because($"X-Amz-Algorithm only supports \"{Algorithm}\"");
        if (!int.TryParse(Parameter("X-Amz-Expires"), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
            || seconds is < 1 or > 7 * 24 * 3600)
        {
            throw malformed.Because("X-Amz-Expires must be between 1 and 604800 seconds, one week");
        }

        (string accessKey, CredentialScope scope) = ParseCredential(Parameter("X-Amz-Credential"), malformed);
        return Checked(malformed, new SignatureClaim
        {
            AccessKey = accessKey,
            Scope = scope,
            Timestamp = Parameter("X-Amz-Date"),
            SignedHeaders = Parameter("X-Amz-SignedHeaders").Split(';'),
            Signature = Parameter("X-Amz-Signature"),
            PayloadHash = request.Header("x-amz-content-sha256") ?? request.Query["X-Amz-Content-Sha256"] ?? "UNSIGNED-PAYLOAD",
            Lifetime = TimeSpan.FromSeconds(seconds),
            SessionToken = request.Query["X-Amz-Security-Token"],
        });
    }

    private static (string AccessKey, CredentialScope Scope) ParseCredential(string credential, S3Error malformed)
    {
        // From the right: an access key may hold a slash.
        string[] parts = credential.Split('/');
        return parts is [.., var date, var region, var service, "aws4_request"] && parts.Length >= 5
            ? (string.Join('/', parts[..^4]), new CredentialScope(date, region, service))
            : throw malformed.Because("The Credential is malformed; expecting \"<access-key>/YYYYMMDD/REGION/s3/aws4_request\".");
    }

    private static string HeaderTimestamp(S3Request request)
    {
        if (request.Header("x-amz-date") is { } timestamp)
            return timestamp;
        string? header = request.Header("Date");
        return DateTimeOffset.TryParseExact(header, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? date.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)
            : throw S3Error.AccessDenied.Because("AWS authentication requires a valid Date or x-amz-date header");
    }

    private static SignatureClaim Checked(S3Error malformed, SignatureClaim claim)
    {
        if (claim.Scope.Service != "s3")
            throw malformed.Because($"Incorrect service \"{claim.Scope.Service}\". This endpoint belongs to \"s3\".");
        try
        {
            _ = claim.SignedAt;
        }
        catch (FormatException)
        {
            throw malformed.Because("The date of the signature must be in the ISO 8601 form \"yyyyMMddTHHmmssZ\"");
        }

        if (!claim.Timestamp.StartsWith(claim.Scope.Date, StringComparison.Ordinal) || claim.Scope.Date.Length != 8)
            throw malformed.Because("The date in the Credential is not the date of the request");
        return claim;
    }
}
