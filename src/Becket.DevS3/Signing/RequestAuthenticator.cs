using System.Globalization;
using Becket.DevS3.Protocol;

namespace Becket.DevS3.Signing;

/// <summary>
/// Who sent a request: the holder of the secret key, with what verifies the chunks of the body, or anyone
/// (<see cref="Anonymous"/>).
/// </summary>
internal sealed class Caller(SignatureClaim? claim, byte[] key)
{
    public static Caller Anonymous { get; } = new(null, []);

    public bool IsAnonymous => claim is null;

    /// <summary>Starts the chain of chunk signatures; null for an anonymous caller.</summary>
    public ChunkSigner? StartChunks() => claim is null ? null : new ChunkSigner(key, claim);
}

/// <summary>Decides whether a request may pass, by its signature and its age. Safe to call from many threads.</summary>
internal sealed class RequestAuthenticator(string accessKey, string secretKey, DevS3Options options)
{
    private static readonly TimeSpan AllowedSkew = TimeSpan.FromMinutes(15);
    private DerivedKey? _lastKey;

    /// <exception cref="S3Exception">It may not; the code says why.</exception>
    public Caller Authenticate(S3Request request)
    {
        if (SignatureClaim.Of(request) is not { } claim)
        {
            return options.AllowAnonymousReads && request.Method is ("GET" or "HEAD") && request.Path != "/"
                ? Caller.Anonymous
                : throw S3Error.AccessDenied.Because("Access Denied: the request is not signed");
        }

        CheckCredentials(claim);
        CheckAge(claim);
        byte[] key = KeyFor(claim.Scope);
        CheckSignature(request, claim, key);
        CheckAllIsSigned(request, claim);
        return new Caller(claim, key);
    }

    private void CheckCredentials(SignatureClaim claim)
    {
        if (claim.AccessKey != accessKey || (claim.SessionToken is null && options.SessionToken is not null))
            throw S3Error.InvalidAccessKeyId.ToException().With("AWSAccessKeyId", claim.AccessKey);
        if (claim.SessionToken is not null && claim.SessionToken != options.SessionToken)
            throw S3Error.InvalidToken.ToException();
        if (options.Region is { } region && claim.Scope.Region != region)
        {
            S3Error malformed = claim.Lifetime is null ? S3Error.AuthorizationHeaderMalformed : S3Error.AuthorizationQueryParametersError;
            throw malformed.Because($"The region '{claim.Scope.Region}' is wrong; expecting '{region}'")
                .With("Region", region).WithHeader("x-amz-bucket-region", region);
        }
    }

    private void CheckAge(SignatureClaim claim)
    {
        TimeSpan age = options.Time.GetUtcNow() - claim.SignedAt;
        if (claim.Lifetime is { } lifetime)
        {
            if (age > lifetime)
                throw S3Error.AccessDenied.Because("Request has expired");
            if (age < -AllowedSkew)
                throw S3Error.AccessDenied.Because("Request is not yet valid");
        }
        else if (age.Duration() > AllowedSkew)
        {
            throw Skewed(claim);
        }
    }

    /// <summary>The clock that it was judged by, so that the client can go by it: in the body, and where HTTP has it.</summary>
    private S3Exception Skewed(SignatureClaim claim)
    {
        DateTimeOffset now = options.Time.GetUtcNow();
        return S3Error.RequestTimeTooSkewed.ToException()
            .With("RequestTime", claim.Timestamp)
            .With("ServerTime", now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture))
            .WithHeader("Date", now.ToString("r", CultureInfo.InvariantCulture));
    }

    private static void CheckSignature(S3Request request, SignatureClaim claim, byte[] key)
    {
        string canonicalRequest = SignatureV4.CanonicalRequest(request, claim);
        string stringToSign = SignatureV4.StringToSign(claim, canonicalRequest);
        if (!SignatureV4.AreEqual(SignatureV4.Sign(key, stringToSign), claim.Signature))
        {
            // S3 sends both texts too: comparing them with its own tells a client's author what is wrong. Neither is secret.
            throw S3Error.SignatureDoesNotMatch.ToException()
                .With("AWSAccessKeyId", claim.AccessKey)
                .With("StringToSign", stringToSign)
                .With("CanonicalRequest", canonicalRequest);
        }
    }

    /// <summary>A header that changes what S3 does must be under the signature, or anyone on the way could add it.</summary>
    private static void CheckAllIsSigned(S3Request request, SignatureClaim claim)
    {
        foreach (string name in request.Http.Request.Headers.Keys)
        {
            bool mustBeSigned = name.Equals("host", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase);
            if (mustBeSigned && !claim.SignedHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                throw S3Error.AccessDenied.Because("There were headers present in the request which were not signed")
                    .With("HeadersNotSigned", name);
            }
        }
    }

    private byte[] KeyFor(CredentialScope scope)
    {
        // Almost every request has the scope of the one before; a race only derives the same key twice.
        if (_lastKey is { } last && last.Scope == scope)
            return last.Key;
        byte[] key = SignatureV4.DeriveKey(secretKey, scope);
        _lastKey = new DerivedKey(scope, key);
        return key;
    }

    /// <summary>A class, so that one reference is read or replaced at once.</summary>
    private sealed record DerivedKey(CredentialScope Scope, byte[] Key);
}
