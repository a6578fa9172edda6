using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Becket.Objects.S3.Signing;

/// <summary>
/// The key that signs one day's requests to S3 in one region, derived from a secret key (AWS Signature Version 4,
/// "signing key"). Immutable, and good for as long as <see cref="Serves"/> says so: deriving it costs four HMACs.
/// </summary>
internal sealed class SigningKey
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string SignatureStart = ", Signature=";
    private const int HashBytes = SHA256.HashSizeInBytes;
    private const int HexChars = 2 * HashBytes;

    private readonly S3Credentials _credentials;
    private readonly string _region;
    private readonly string _date;
    private readonly byte[] _key;
    private readonly byte[] _scope;
    private readonly string _authorizationStart;

    /// <param name="credentials">Whose requests.</param>
    /// <param name="region">Where.</param>
    /// <param name="date">The day in UTC, <c>yyyyMMdd</c>.</param>
    public SigningKey(S3Credentials credentials, string region, string date)
    {
        (_credentials, _region, _date) = (credentials, region, date);

        _key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey);
        foreach (var step in (ReadOnlySpan<string>)[date, region, "s3", "aws4_request"])
            _key = HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(step));

        var scope = string.Create(CultureInfo.InvariantCulture, $"{date}/{region}/s3/aws4_request");
        _scope = Encoding.UTF8.GetBytes(scope);
        _authorizationStart = string.Create(
            CultureInfo.InvariantCulture, $"{Algorithm} Credential={credentials.AccessKey}/{scope}, SignedHeaders=");
    }

    /// <summary>Whether this is the key for requests of these credentials, to this region, on the day of this timestamp.</summary>
    public bool Serves(S3Credentials credentials, string region, ReadOnlySpan<char> timestamp) =>
        ReferenceEquals(_credentials, credentials) && _region == region && timestamp.StartsWith(_date, StringComparison.Ordinal);

    /// <summary>The value of the <c>Authorization</c> header.</summary>
    /// <param name="request">The request; its headers hold <c>x-amz-date</c> with the same timestamp.</param>
    /// <param name="timestamp">UTC, <c>yyyyMMddTHHmmssZ</c>.</param>
    public string Authorize(in CanonicalRequest request, string timestamp)
    {
        Span<byte> hash = stackalloc byte[HashBytes];
        request.Hash(hash);

        var stringToSign = new SpanWriter(stackalloc byte[Algorithm.Length + timestamp.Length + _scope.Length + HexChars + 3]);
        stringToSign.Append(Algorithm);
        stringToSign.Append('\n');
        stringToSign.Append(timestamp);
        stringToSign.Append('\n');
        stringToSign.Append(_scope);
        stringToSign.Append('\n');
        stringToSign.AppendHex(hash);
        HMACSHA256.HashData(_key, stringToSign.Written, hash);
        return Authorization(request.Headers, hash);
    }

    private string Authorization(ReadOnlySpan<SignedHeader> headers, ReadOnlySpan<byte> signature)
    {
        var length = _authorizationStart.Length + headers.Length - 1 + SignatureStart.Length + HexChars;
        foreach (var header in headers)
            length += header.Name.Length;

        return string.Create(length, new AuthorizationParts(_authorizationStart, headers, signature), static (text, parts) =>
        {
            parts.Start.CopyTo(text);
            var at = parts.Start.Length;
            for (var i = 0; i < parts.Headers.Length; i++)
            {
                if (i > 0)
                    text[at++] = ';';
                parts.Headers[i].Name.CopyTo(text[at..]);
                at += parts.Headers[i].Name.Length;
            }

            SignatureStart.CopyTo(text[at..]);
            Convert.TryToHexStringLower(parts.Signature, text[^HexChars..], out _);
        });
    }

    private readonly ref struct AuthorizationParts(string start, ReadOnlySpan<SignedHeader> headers, ReadOnlySpan<byte> signature)
    {
        public readonly string Start = start;
        public readonly ReadOnlySpan<SignedHeader> Headers = headers;
        public readonly ReadOnlySpan<byte> Signature = signature;
    }
}
