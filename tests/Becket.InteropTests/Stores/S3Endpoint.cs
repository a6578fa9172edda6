using Amazon.Runtime;
using Amazon.S3;

namespace Becket.InteropTests.Stores;

/// <summary>
/// An S3 endpoint and the keys it takes.
/// </summary>
public sealed record S3Endpoint(Uri Url, string AccessKey, string SecretKey)
{
    /// <summary>The AWS tools' own variables for these keys.</summary>
    public IReadOnlyList<(string Name, string? Value)> Environment =>
        [("AWS_ACCESS_KEY_ID", AccessKey), ("AWS_SECRET_ACCESS_KEY", SecretKey)];

    /// <summary>An object of this store, as becket is told to serve it.</summary>
    public Source Object(string bucket, string key) =>
        new([$"s3://{bucket}/{key}", "--endpoint-url", Url.OriginalString], Environment);

    /// <summary>A client that shares no code with ours. The caller disposes it.</summary>
    public AmazonS3Client CreateClient() => new(
        new BasicAWSCredentials(AccessKey, SecretKey),
        new AmazonS3Config
        {
            ServiceURL = Url.OriginalString,
            ForcePathStyle = true,
            AuthenticationRegion = "us-east-1",
            // Older radosgw refuses the trailing checksums that this SDK sends unless told otherwise.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });

    /// <summary>Reads the lines that <c>becket dev-s3</c> and <c>scripts/ceph</c> print when they are ready.</summary>
    public static S3Endpoint Parse(string output)
    {
        var lines = output.Split('\n', StringSplitOptions.TrimEntries);
        return new S3Endpoint(
            new Uri(lines.First(line => line.Contains("http://", StringComparison.Ordinal)).Split(' ')[^1]),
            After("access-key:"),
            After("secret-key:"));

        string After(string label) => lines.First(line => line.StartsWith(label, StringComparison.Ordinal))[label.Length..].Trim();
    }
}
