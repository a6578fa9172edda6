using System.Security.Cryptography;
using System.Text;

namespace Becket.Tests.DevS3;

/// <summary>
/// Signs requests that the SDK cannot be made to send. Takes the target as it goes over the wire, which must be
/// canonical already; headers named <c>x-amz-*</c> are signed with it.
/// </summary>
internal static class TestSignature
{
    public static HttpRequestMessage Sign(
        HttpMethod method, Uri endpoint, string target, string accessKey, string secretKey, params (string Name, string Value)[] headers)
    {
        string timestamp = TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", null);
        string scope = $"{timestamp[..8]}/us-east-1/s3/aws4_request";
        (string Name, string Value)[] signed =
        [
            .. headers
                .Append(("host", endpoint.Authority))
                .Append(("x-amz-date", timestamp))
                .OrderBy(h => h.Item1, StringComparer.Ordinal),
        ];
        string names = string.Join(';', signed.Select(h => h.Name));
        string payload = headers.Single(h => h.Name == "x-amz-content-sha256").Value;
        string canonical = $"{method}\n{target}\n\n{string.Concat(signed.Select(h => $"{h.Name}:{h.Value}\n"))}\n{names}\n{payload}";

        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        foreach (string part in scope.Split('/'))
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
        string toSign = $"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{hash}";
        string signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));

        // Uri would resolve ".." before it is sent.
        var uri = new Uri(
            endpoint.GetLeftPart(UriPartial.Authority) + target,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(method, uri);
        foreach ((string name, string value) in signed.Where(h => h.Name != "host"))
            request.Headers.TryAddWithoutValidation(name, value);
        request.Headers.TryAddWithoutValidation("Authorization",
            $"AWS4-HMAC-SHA256 Credential={accessKey}/{scope}, SignedHeaders={names}, Signature={signature}");
        return request;
    }
}
