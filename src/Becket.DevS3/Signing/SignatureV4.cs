using System.Security.Cryptography;
using System.Text;
using Becket.DevS3.Protocol;

namespace Becket.DevS3.Signing;

/// <summary>
/// AWS Signature Version 4 for S3, computed as the server does: from the request as it arrived. Pure functions.
/// (Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header" and "... Using Query Parameters".)
/// </summary>
internal static class SignatureV4
{
    /// <summary>The key of one day, region and service.</summary>
    public static byte[] DeriveKey(string secretKey, CredentialScope scope)
    {
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        foreach (string part in (ReadOnlySpan<string>)[scope.Date, scope.Region, scope.Service, "aws4_request"])
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        return key;
    }

    /// <summary>
    /// The request in one text: method, path, query, signed headers and payload hash. S3 encodes the path once and does
    /// not normalise it, other than the rest of AWS.
    /// </summary>
    public static string CanonicalRequest(S3Request request, SignatureClaim claim)
    {
        var text = new StringBuilder(512);
        text.Append(request.Method).Append('\n');
        text.Append(PercentCode.EncodePath(request.Path)).Append('\n');
        AppendQuery(text, request.Query);
        text.Append('\n');
        foreach (string name in claim.SignedHeaders.Order(StringComparer.Ordinal))
        {
            text.Append(name).Append(':');
            AppendCollapsed(text, request.Header(name));
            text.Append('\n');
        }
        text.Append('\n');
        text.AppendJoin(';', claim.SignedHeaders).Append('\n');
        return text.Append(claim.PayloadHash).ToString();
    }

    public static string StringToSign(SignatureClaim claim, string canonicalRequest) =>
        $"{SignatureClaim.Algorithm}\n{claim.Timestamp}\n{claim.Scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonicalRequest)))}";

    /// <summary>64 hexadecimal digits.</summary>
    public static string Sign(byte[] key, string stringToSign) => Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(stringToSign)));

    /// <summary>Compares signatures in a time that does not tell how much of them is right.</summary>
    public static bool AreEqual(string expected, string given) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(given));

    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    private static void AppendQuery(StringBuilder text, RequestQuery query)
    {
        var parameters = query.Parameters
            .Where(p => p.Key != "X-Amz-Signature")
            .Select(p => (Name: PercentCode.EncodeValue(p.Key), Value: PercentCode.EncodeValue(p.Value)))
            .OrderBy(p => p.Name, StringComparer.Ordinal)
            .ThenBy(p => p.Value, StringComparer.Ordinal);
        bool first = true;
        foreach ((string name, string value) in parameters)
        {
            if (!first)
                text.Append('&');
            first = false;
            text.Append(name).Append('=').Append(value);
        }
    }

    /// <summary>Appends the value of a header trimmed, with runs of spaces made one.</summary>
    private static void AppendCollapsed(StringBuilder text, string? value)
    {
        char last = ' ';
        foreach (char c in (value ?? "").AsSpan().Trim())
        {
            if (c != ' ' || last != ' ')
                text.Append(c);
            last = c;
        }
    }
}
