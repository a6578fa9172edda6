namespace Becket.Objects.S3;

/// <summary>
/// The settings that the AWS tools share: what the command line gives, completed from the environment and from the
/// profile, in this order of precedence.
/// </summary>
public sealed record AwsSettings
{
    /// <summary>The profile that was asked for by name; its credentials come before those in the environment.</summary>
    public string? Profile { get; init; }

    public string? Region { get; init; }

    /// <summary>The store's URL; null for AWS.</summary>
    public string? EndpointUrl { get; init; }

    /// <summary>A PEM file of the authorities to trust.</summary>
    public string? CaBundle { get; init; }

    public S3Addressing Addressing { get; init; }
}
