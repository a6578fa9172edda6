using Becket.Objects.S3;

namespace Becket.Sources;

/// <summary>How stores are reached, as the command line says it; null where it says nothing and the environment decides.</summary>
internal sealed record StoreSettings
{
    /// <summary>What the AWS tools share: profile, region, endpoint, addressing, CA bundle.</summary>
    public AwsSettings Aws { get; init; } = new();

    public bool NoSignRequest { get; init; }

    public bool RequesterPays { get; init; }

    /// <summary>A file with the key of an object that is encrypted with it (SSE-C).</summary>
    public string? CustomerKeyFile { get; init; }

    /// <summary>Keys given as <c>access_key=</c> and <c>secret_key=</c>.</summary>
    public S3Credentials? Credentials { get; init; }
}
