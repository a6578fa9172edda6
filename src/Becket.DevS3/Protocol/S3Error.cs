namespace Becket.DevS3.Protocol;

/// <summary>
/// An error that S3 can answer: its HTTP status, its code and the sentence that goes with it
/// (Amazon S3 API Reference, "Error responses"). Thrown as an <see cref="S3Exception"/>.
/// </summary>
internal sealed record S3Error(int Status, string Code, string Message)
{
    public static readonly S3Error AccessDenied = new(403, "AccessDenied", "Access Denied");
    public static readonly S3Error AccessControlListNotSupported =
        new(400, "AccessControlListNotSupported", "The bucket does not allow ACLs");
    public static readonly S3Error AuthorizationHeaderMalformed =
        new(400, "AuthorizationHeaderMalformed", "The authorization header is malformed");
    public static readonly S3Error AuthorizationQueryParametersError =
        new(400, "AuthorizationQueryParametersError", "The query parameters of the signature are malformed");
    public static readonly S3Error BadDigest = new(400, "BadDigest", "The checksum you specified did not match what we received");
    public static readonly S3Error BucketAlreadyOwnedByYou =
        new(409, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it");
    public static readonly S3Error BucketNotEmpty = new(409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
    public static readonly S3Error EntityTooSmall =
        new(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size");
    public static readonly S3Error ExpiredToken = new(400, "ExpiredToken", "The provided token has expired.");
    public static readonly S3Error IncompleteBody = new(400, "IncompleteBody", "The body is not as long as the headers say");
    public static readonly S3Error InternalError = new(500, "InternalError", "We encountered an internal error. Please try again.");
    public static readonly S3Error InvalidAccessKeyId =
        new(403, "InvalidAccessKeyId", "The access key id you provided does not exist in our records");
    public static readonly S3Error InvalidArgument = new(400, "InvalidArgument", "Invalid Argument");
    public static readonly S3Error InvalidBucketName = new(400, "InvalidBucketName", "The specified bucket is not valid");
    public static readonly S3Error InvalidDigest = new(400, "InvalidDigest", "The Content-MD5 you specified is not valid");
    public static readonly S3Error InvalidPart =
        new(400, "InvalidPart", "One or more of the specified parts could not be found or its ETag does not match");
    public static readonly S3Error InvalidPartOrder = new(400, "InvalidPartOrder", "The list of parts was not in ascending order");
    public static readonly S3Error InvalidRange = new(416, "InvalidRange", "The requested range is not satisfiable");
    public static readonly S3Error InvalidRequest = new(400, "InvalidRequest", "Invalid Request");
    public static readonly S3Error InvalidToken = new(400, "InvalidToken", "The provided token is malformed or otherwise invalid");
    public static readonly S3Error InvalidUri = new(400, "InvalidURI", "Couldn't parse the specified URI");
    public static readonly S3Error KeyTooLong = new(400, "KeyTooLongError", "Your key is too long");
    public static readonly S3Error MalformedXml = new(400, "MalformedXML", "The XML you provided was not well-formed or did not validate");
    public static readonly S3Error MethodNotAllowed =
        new(405, "MethodNotAllowed", "The specified method is not allowed against this resource");
    public static readonly S3Error MissingContentLength =
        new(411, "MissingContentLength", "You must provide the Content-Length HTTP header");
    public static readonly S3Error NoSuchBucket = new(404, "NoSuchBucket", "The specified bucket does not exist");
    public static readonly S3Error NoSuchKey = new(404, "NoSuchKey", "The specified key does not exist.");
    public static readonly S3Error NoSuchUpload =
        new(404, "NoSuchUpload", "The specified multipart upload does not exist: it was aborted or completed, or the server was restarted");
    public static readonly S3Error NotImplemented =
        new(501, "NotImplemented", "This development endpoint does not implement what the request asks for");
    public static readonly S3Error PreconditionFailed =
        new(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    public static readonly S3Error RequestTimeTooSkewed =
        new(403, "RequestTimeTooSkewed", "The difference between the request time and the server's time is too large");
    public static readonly S3Error SignatureDoesNotMatch =
        new(403, "SignatureDoesNotMatch", "The request signature we calculated is not the one you provided: check the secret key");
    public static readonly S3Error SlowDown = new(503, "SlowDown", "Please reduce your request rate.");
    public static readonly S3Error TooManyRequests = new(429, "TooManyRequests", "Please reduce your request rate.");
    public static readonly S3Error ContentSha256Mismatch =
        new(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed");

    /// <summary>This error with a sentence that fits the case better than the usual one.</summary>
    public S3Exception Because(string message) => new(this with { Message = message });

    public S3Exception ToException() => new(this);
}

/// <summary>Ends a request with an S3 error. Carries elements and headers that some errors have besides code and message.</summary>
internal sealed class S3Exception(S3Error error) : Exception(error.Message)
{
    private readonly List<KeyValuePair<string, string>> _elements = [];
    private readonly List<KeyValuePair<string, string>> _headers = [];

    public S3Error Error => error;

    public IReadOnlyList<KeyValuePair<string, string>> Elements => _elements;

    public IReadOnlyList<KeyValuePair<string, string>> Headers => _headers;

    /// <summary>Adds an element to the XML of the answer.</summary>
    public S3Exception With(string element, string value)
    {
        _elements.Add(new(element, value));
        return this;
    }

    /// <summary>Adds a header to the answer.</summary>
    public S3Exception WithHeader(string name, string value)
    {
        _headers.Add(new(name, value));
        return this;
    }
}
