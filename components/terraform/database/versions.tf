# Only what is built into terraform and OpenTofu: the example needs no provider and no network.
terraform {
  required_version = ">= 1.5"
}
