using Becket.DevS3.Protocol;

namespace Becket.DevS3.Payloads;

/// <summary>How the body of a request is framed and vouched for, as <c>x-amz-content-sha256</c> says.</summary>
internal sealed record PayloadForm
{
    /// <summary>The data is inside aws-chunked framing.</summary>
    public bool IsChunked { get; private init; }

    /// <summary>Every chunk carries a signature.</summary>
    public bool IsSigned { get; private init; }

    /// <summary>The SHA-256 that the body must have, in hexadecimal digits; null: none was given.</summary>
    public string? Sha256 { get; private init; }

    /// <exception cref="S3Exception">The header has a value that S3 does not know.</exception>
    public static PayloadForm Of(S3Request request) => request.Header("x-amz-content-sha256") switch
    {
        null or "UNSIGNED-PAYLOAD" => new PayloadForm(),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => new PayloadForm { IsChunked = true, IsSigned = true },
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => new PayloadForm { IsChunked = true, IsSigned = true },
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => new PayloadForm { IsChunked = true },
        { Length: 64 } hash when hash.All(char.IsAsciiHexDigit) => new PayloadForm { Sha256 = hash },
        _ => throw S3Error.InvalidArgument.Because(
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, " +
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."),
    };
}
